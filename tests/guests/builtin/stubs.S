    .code32
device_tests:
smp_tests: ret
