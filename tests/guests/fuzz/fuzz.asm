; A firmware image that treats the machine badly: random values of random sizes to every I/O port and
; device address, in random order; then jumps into nothing. Whatever it meets, it goes on: a reset
; brings it back, and what it must remember is in RAM. Ends through isa-debug-exit at 501h.
%ifndef SEED
%define SEED 1
%endif
%ifndef ROUNDS
%define ROUNDS 400000
%endif
STATE   equ 1000h                       ; random state, rounds done, jumps done
bits 16
org 0xF0000
start:
        cli
        mov ax, cs
        mov ds, ax
        lgdt [gdt_pointer - start]
        mov eax, 1
        mov cr0, eax
        jmp dword 8:protected

bits 32
protected:
        mov ax, 10h
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, 800h
        cmp dword [STATE + 12], 46555A5Ah
        je again
        mov dword [STATE], SEED * 2654435761 % 4294967296 | 1
        mov dword [STATE + 4], 0
        mov dword [STATE + 8], 0
        mov dword [STATE + 12], 46555A5Ah
        ; A PAM register may put RAM where this code is: zeros, which run on upwards. What comes behind
        ; them shall be #UD, and so a reset, not 16 MiB of zeros that each store to some device.
        mov edi, 100000h
        mov ecx, (1000000h - 100000h) / 4
        or eax, -1
        cld
        rep stosd
again:  cmp dword [STATE + 4], ROUNDS
        jae jumps
        inc dword [STATE + 4]

        call random
        mov edi, eax                    ; what to do
        test edi, 3
        jz memory

        call random
        mov edx, eax
        test edi, 4                     ; half of the time: the ports that a PC has
        jz .any
        and edx, 0FFFh
.any:   movzx edx, dx
        test edi, 8                     ; a quarter: PCI configuration
        jz .port
        test edi, 10h
        jz .port
        call random
        and eax, 0FFFCh
        or eax, 80000000h
        mov dx, 0CF8h
        out dx, eax
        mov edx, edi
        shr edx, 20
        and edx, 3
        add edx, 0CFCh
.port:  lea ecx, [edx + 8]              ; the way out, also by a wide access from below
        and ecx, 0FFF0h
        cmp ecx, 500h
        je again
        call random
        test edi, 20h
        jz .in
        test edi, 40h
        jz .out8
        test edi, 80h
        jz .out16
        out dx, eax
        jmp again
.out16: out dx, ax
        jmp again
.out8:  out dx, al
        jmp again
.in:    test edi, 40h
        jz .in8
        test edi, 80h
        jz .in16
        in eax, dx
        jmp again
.in16:  in ax, dx
        jmp again
.in8:   in al, dx
        jmp again

memory: call random
        mov esi, eax
        and esi, 0FFFh
        mov ecx, edi
        shr ecx, 8
        and ecx, 15
        mov ecx, [ecx * 4 + areas]
        test edi, 1000h                 ; near the area's start, or up to 128 KiB into it; never
                                        ; round 4 GiB to STATE, or a reset starts all over
        jz .near
        mov ebx, edi
        shr ebx, 3
        and ebx, 1F000h
        add esi, ebx
.near:  add esi, ecx
        call random
        test edi, 20h
        jz .read
        test edi, 40h
        jz .w8
        test edi, 80h
        jz .w16
        mov [esi], eax
        jmp again
.w16:   mov [esi], ax
        jmp again
.w8:    mov [esi], al
        jmp again
.read:  test edi, 40h
        jz .r8
        fld qword [esi]                 ; eight bytes at once
        fninit
        mov eax, [esi]
        jmp again
.r8:    mov al, [esi]
        jmp again

jumps:  cmp dword [STATE + 8], 12       ; each ends in a triple fault and so a reset
        jae done
        inc dword [STATE + 8]
        mov dx, 0CF9h                   ; nothing may be left that hides the reset
        call random
        or eax, 40000000h               ; beyond RAM
        lidt [no_idt]
        jmp eax

done:   mov dx, 501h
        xor eax, eax
        out dx, al
.stop:  hlt
        jmp .stop

random: mov eax, [STATE]                ; xorshift32
        mov ebp, eax
        shl ebp, 13
        xor eax, ebp
        mov ebp, eax
        shr ebp, 17
        xor eax, ebp
        mov ebp, eax
        shl ebp, 5
        xor eax, ebp
        mov [STATE], eax
        ret

align 8
gdt:    dq 0, 00CF9B000000FFFFh, 00CF93000000FFFFh
gdt_pointer:
        dw $ - gdt - 1
        dd gdt
no_idt: dw 0
        dd 0
align 4
areas:  dd 0A0000h, 0B0000h, 0C0000h, 0FEC00000h, 0FED00000h, 0FEE00000h, 0FEB00000h, 0FD000000h
        dd 0E0000000h, 0F0000000h, 0FED40000h, 0FFFC0000h, 80000000h, 0C0000000h, 0FE000000h, 0FFFDF000h
        times 0xFFF0 - ($ - $$) db 0FFh
bits 16
        jmp 0F000h:start - 0xF0000
        times 0x10000 - ($ - $$) db 0
