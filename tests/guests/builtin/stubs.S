.code32
task_tests: 
paging_tests: 
fpu_tests:
device_tests:
smp_tests: ret
enter_long: jmp finish
.code64
restore64: ret
