; A guest whose calls can be counted: a multiboot kernel of functions that call each other, jump into each other,
; take interrupts, and switch between two stacks. tests/integration/profile.py knows the numbers.
;
; Source: Multiboot Specification 0.6.96; SDM volume 3, 6.11 (interrupt gates).
bits 32

section .text
        dd 0x1BADB002, 0, -0x1BADB002

global start
start:
        mov esp, stack_a
        call main
        jmp power_off

global main
main:
        mov ecx, 10
.each:  push ecx
        call branch             ; branch calls leaf twice, then becomes tail
        pop ecx
        dec ecx
        jnz .each
        mov eax, on_int
        mov [gate], ax
        mov word [gate + 2], cs
        shr eax, 16
        mov [gate + 6], ax
        lidt [table]
        int 0x30
        int 0x30
        int 0x30
        mov dword [other], stack_b - 4
        mov dword [stack_b - 4], work_b
        call work_a
        ret

global branch
branch:
        call leaf
        call leaf
        jmp tail

global leaf
leaf:
        inc eax
        inc eax
        ret

global tail
tail:
        nop
        ret

global on_int
on_int:
        call leaf
        iret

global work_a
work_a:
        mov ecx, 5
.each:  call switch
        dec ecx
        jnz .each
        ret

global work_b
work_b:
        call leaf
        call switch
        jmp work_b

; To the stack that was left the last time.
global switch
switch:
        mov edx, [other]
        mov [other], esp
        mov esp, edx
        ret

global power_off
power_off:
        mov dx, 0x604           ; PIIX4 PM1_CNT where SeaBIOS puts it: SLP_EN, S5
        mov ax, 0x2000
        out dx, ax
        cli
        hlt

section .data
other:  dd 0
table:  dw 0x31 * 8 - 1
        dd gate - 0x30 * 8
        align 8
gate:   dw 0, 0, 0x8E00, 0

section .bss
        resb 1024
stack_a:
        resb 1024
global stack_b
stack_b:
