; Two processors count to the same place without LOCK: what is lost depends on how their turns lie.
; A firmware image; says on COM1 what the sum is.
        %include "lib.inc"
        ENTRY
COUNT   equ 100000                      ; by each
APIC    equ 0xFEE00000
START   equ 0x9000                      ; where the second processor begins, in real mode
sum     equ DATA
there   equ DATA + 4                    ; it runs
go      equ DATA + 8
done    equ DATA + 12
bits 32
main:   mov esi, second
        mov edi, START
        mov ecx, second_end - second
        rep movsb
        mov dword [APIC + 0xF0], 0x1FF  ; the APIC is enabled
        mov dword [APIC + 0x310], 1 << 24
        mov dword [APIC + 0x300], 0x4500        ; INIT
        mov dword [APIC + 0x300], 0x4600 | START >> 12
.wait:  pause
        cmp dword [there], 0
        je .wait
        mov dword [go], 1
        mov ecx, COUNT
.count: mov eax, [sum]
        inc eax
        mov [sum], eax
        loop .count
.end:   pause
        cmp dword [done], 0
        je .end
        LINE "sum"
        SHOW [sum], 8
        NL
        jmp finish

bits 16
second: xor ax, ax
        mov ds, ax
        mov dword [there], 1
.wait:  pause
        cmp dword [go], 0
        je .wait
        mov ecx, COUNT
.count: mov eax, [sum]
        inc eax
        mov [sum], eax
        a32 loop .count
        mov dword [done], 1
        cli
        hlt
second_end:
        IMAGE_END
