    .code32
fpu_tests:
device_tests:
smp_tests: ret
enter_long: jmp finish
.code64
restore64: ret
