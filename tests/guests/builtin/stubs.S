    .code32
smp_tests: ret
