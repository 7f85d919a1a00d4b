    .code32
fpu_tests:
device_tests:
smp_tests: ret
.code64
simd_tests: ret
