    .code32
io_tests:
smp_tests: ret
