; A firmware that carries out a script: records of port, memory and waiting operations (script.h), which
; stand in ROM below it. So what a test does to the machine goes through the CPU, and is recorded.
; What it reads goes into a checksum. An exception ends the operation that raised it, an interrupt is
; counted and acknowledged, and after a reset the script goes on behind the record that caused it.
RAM     equ 1000h
CURRENT equ RAM                         ; address of the record being done
MAGIC   equ RAM + 4                     ; kMagic: the script has begun
SUM     equ RAM + 8                     ; of all that was read
RNG     equ RAM + 12
LOOPS   equ RAM + 16                    ; turns left of the LOOP under way; 0: none
FAULTS  equ RAM + 20
INTS    equ RAM + 24
RESETS  equ RAM + 28
STACK   equ 8000h
kMagic  equ 48425552h
EXIT    equ 501h                        ; isa-debug-exit
LIMIT   equ 200                         ; resets

        org 0FFFF0000h
        bits 16
; Other processors are started here, in real mode, with an interrupt table that is whatever RAM holds.
ap:     sti
.again: hlt
        jmp .again

start:  cli
        o32 lgdt [cs:gdtr - $$]
        mov eax, 1
        mov cr0, eax
        jmp dword 8:protected

        bits 32
protected:
        mov ax, 10h
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, STACK
        lidt [idtr]
        cld
        cmp dword [MAGIC], kMagic
        je after_reset
        mov edi, CURRENT
        xor eax, eax
        mov ecx, 8
        rep stosd
        mov dword [MAGIC], kMagic
        mov dword [RNG], 2545F491h
        mov eax, [script]
        mov [CURRENT], eax
        jmp run
after_reset:
        inc dword [RESETS]
        cmp dword [RESETS], LIMIT
        jb next
        mov al, 0EEh
        jmp exit

exception:
        inc dword [FAULTS]
next:   mov esp, STACK
        add dword [CURRENT], 16
run:    mov ebp, [CURRENT]
        mov edx, [ebp + 4]              ; address
        mov eax, [ebp + 8]              ; value
        mov ecx, [ebp + 12]             ; count
        movzx ebx, byte [ebp]
        cmp ebx, (operations_end - operations) / 4
        jae op_end
        jmp [operations + ebx * 4]

operations:
        dd op_end, op_out, op_in, op_write, op_read, op_fuzz_io, op_fuzz_memory, op_loop
        dd op_poll, op_ins, op_outs, op_interrupts, op_halt, op_fuzz_config
operations_end:

op_end:
exit:   mov edx, EXIT
        out dx, al
        cli
        hlt
        jmp exit

; ecx times: eax to port edx, by the record's width
op_out: push ecx
        call out_one
        pop ecx
        dec ecx
        jnz op_out
        jmp next
out_one:
        cmp byte [ebp + 1], 2
        je .word
        ja .long
        out dx, al
        ret
.word:  out dx, ax
        ret
.long:  out dx, eax
        ret

op_in:  call in_one
        call summed
        dec ecx
        jnz op_in
        jmp next
in_one: xor eax, eax
        cmp byte [ebp + 1], 2
        je .word
        ja .long
        in al, dx
        ret
.word:  in ax, dx
        ret
.long:  in eax, dx
        ret
summed: rol dword [SUM], 1
        xor [SUM], eax
        ret

op_write:
        call write_one
        dec ecx
        jnz op_write
        jmp next
write_one:
        cmp byte [ebp + 1], 2
        je .word
        ja .long
        mov [edx], al
        ret
.word:  mov [edx], ax
        ret
.long:  mov [edx], eax
        ret

op_read:
        call read_one
        call summed
        dec ecx
        jnz op_read
        jmp next
read_one:
        xor eax, eax
        cmp byte [ebp + 1], 2
        je .word
        ja .long
        mov al, [edx]
        ret
.word:  mov ax, [edx]
        ret
.long:  mov eax, [edx]
        ret

; ecx accesses to the `value` ports, bytes or registers from `address` on
op_fuzz_io:
        mov esi, out_any
        mov edi, in_any
        jmp fuzz
op_fuzz_memory:
        mov esi, write_any
        mov edi, read_any
        jmp fuzz
op_fuzz_config:                         ; `address` as for CF8h
        mov esi, config_out
        mov edi, config_in
fuzz:   push ecx
        call random
        xor edx, edx
        div dword [ebp + 8]
        add edx, [ebp + 4]              ; where
        call random
        mov ebx, eax                    ; how: bits 0-1 width, bit 2 read
        call any_value
        test ebx, 4
        jz .write
        call edi
        call summed
        jmp .done
.write: call esi
.done:  pop ecx
        dec ecx
        jnz fuzz
        jmp next

out_any:
        test ebx, 1
        jz .byte
        test ebx, 2
        jz .word
        out dx, eax
        ret
.word:  out dx, ax
        ret
.byte:  out dx, al
        ret
in_any: xor eax, eax
        test ebx, 1
        jz .byte
        test ebx, 2
        jz .word
        in eax, dx
        ret
.word:  in ax, dx
        ret
.byte:  in al, dx
        ret
write_any:
        test ebx, 1
        jz .long                        ; most registers want it so
        test ebx, 2
        jz .word
        mov [edx], al
        ret
.word:  mov [edx], ax
        ret
.long:  and edx, ~3
        mov [edx], eax
        ret
read_any:
        xor eax, eax
        test ebx, 1
        jz .long
        test ebx, 2
        jz .word
        mov al, [edx]
        ret
.word:  mov ax, [edx]
        ret
.long:  and edx, ~3
        mov eax, [edx]
        ret
config_select:
        push eax
        mov eax, edx
        and eax, ~3
        push edx
        mov edx, 0CF8h
        out dx, eax
        pop edx
        and edx, 3
        add edx, 0CFCh
        pop eax
        ret
config_out:
        call config_select
        jmp out_any
config_in:
        call config_select
        jmp in_any

random: mov eax, [RNG]                  ; xorshift
        push ecx
        mov ecx, eax
        shl ecx, 13
        xor eax, ecx
        mov ecx, eax
        shr ecx, 17
        xor eax, ecx
        mov ecx, eax
        shl ecx, 5
        xor eax, ecx
        pop ecx
        mov [RNG], eax
        ret
; 0, all ones, a small number, an address in the first MiB, or anything
any_value:
        call random
        mov ecx, eax
        call random
        and ecx, 7
        jz .zero
        dec ecx
        jz .ones
        dec ecx
        jz .small
        dec ecx
        jz .address
        ret
.zero:  xor eax, eax
        ret
.ones:  or eax, -1
        ret
.small: and eax, 1Fh
        ret
.address:
        and eax, 0FFFFCh
        ret

; back by `address` records, `count` times
op_loop:
        cmp dword [LOOPS], 0
        jne .under_way
        mov [LOOPS], ecx
.under_way:
        dec dword [LOOPS]
        jz next
        shl edx, 4
        sub [CURRENT], edx
        jmp run

; until (in & low byte of value) = high byte of value; at most count times
op_poll:
        mov ebx, eax
.again: in al, dx
        mov ah, al
        and al, bl
        cmp al, bh
        je .done
        dec ecx
        jnz .again
.done:  movzx eax, ah
        call summed
        jmp next

op_ins: mov edi, eax
        cmp byte [ebp + 1], 2
        je .word
        ja .long
        rep insb
        jmp next
.word:  rep insw
        jmp next
.long:  rep insd
        jmp next
op_outs:
        mov esi, eax
        cmp byte [ebp + 1], 2
        je .word
        ja .long
        rep outsb
        jmp next
.word:  rep outsw
        jmp next
.long:  rep outsd
        jmp next

op_interrupts:                          ; on (value 1) or off
        test eax, eax
        jz .off
        sti
        jmp next
.off:   cli
        jmp next
op_halt:                                ; until an interrupt, count times
        sti
        hlt
        dec ecx
        jnz op_halt
        jmp next

interrupt:
        push eax
        inc dword [INTS]
        mov al, 20h
        out 0A0h, al
        out 20h, al
        mov dword [0FEE000B0h], 0
        pop eax
        iretd

        align 8
gdt:    dq 0, 00CF9B000000FFFFh, 00CF93000000FFFFh
gdtr:   dw gdtr - gdt - 1
        dd gdt
idt:
%assign vector 0
%rep 256
%if vector < 32 && vector != 2
        dw exception - $$, 8, 8E00h, 0FFFFh
%else
        dw interrupt - $$, 8, 8E00h, 0FFFFh
%endif
%assign vector vector + 1
%endrep
idtr:   dw idtr - idt - 1
        dd idt

        times 0FFECh - ($ - $$) db 0F4h
script: dd 0                            ; where the script begins: filled in by script.h
        bits 16
        jmp start
        times 10000h - ($ - $$) db 0F4h
