; A firmware image that attacks what the host reads from the machine, CASE, for ever; says "go" on COM1 first
; (but where COM1 is what floods). Stands on tests/system/lib.inc; tests/integration/attacks_host.py watches.
        %include "lib.inc"
        ENTRY
%ifndef CASE
%define CASE 0
%endif
seed    equ VARS + 124
steps   equ VARS + 128
VRAM    equ 0xE0000000
bits 32
main:   mov dword [seed], 0x2545F491
%if CASE < 2
        mov eax, 0x80001010             ; the display's BAR0, I/O and memory
        mov ebx, VRAM
        call config
        mov eax, 0x80001004
        mov ebx, 3
        call config
%endif

%if CASE == 0                           ; modes, sizes and registers, as fast as it goes
        SAY "go"
        NL
.again: call change
        jmp .again

%elif CASE == 1                         ; the same by steps: a byte on COM1 asks for the next one
        SAY "go"
        NL
.again: mov dx, 0x3FD
        in al, dx
        test al, 1
        jz .again
        mov dx, 0x3F8
        in al, dx
        mov eax, [steps]
        inc dword [steps]
        and eax, 3                      ; a mode, then a few registers at random
        call [change.kinds + eax * 4]
        mov ecx, [steps]
        and ecx, 15
        inc ecx
.few:   push ecx
        call change.register
        call change.dispi_register
        pop ecx
        loop .few
        SAY "k"
        jmp .again

%elif CASE == 2                         ; COM1 at its fastest, nothing awaited
        mov dx, 0x3F8
.again: out dx, al
        inc eax
        jmp .again
%elif CASE == 3                         ; the parallel port: data, a strobe
        SAY "go"
        NL
.again: mov dx, 0x378
        out dx, al
        mov dx, 0x37A
        mov al, 0x0D
        out dx, al
        mov al, 0x0C
        out dx, al
        jmp .again
%else                                   ; the debug console: strings of 64 KiB
        SAY "go"
        NL
        mov dx, 0x402
.again: mov esi, ROM
        mov ecx, 0x10000
        rep outsb
        jmp .again
%endif

%if CASE < 2
config: mov dx, 0xCF8                   ; EAX <- EBX
        out dx, eax
        mov eax, ebx
        mov dx, 0xCFC
        out dx, eax
        ret

random: mov eax, [seed]                 ; xorshift
        mov edx, eax
        shl edx, 13
        xor eax, edx
        mov edx, eax
        shr edx, 17
        xor eax, edx
        mov edx, eax
        shl edx, 5
        xor eax, edx
        mov [seed], eax
        ret
; 0, all ones, a bit, or anything
extreme:
        call random
        mov ecx, eax
        call random
        and ecx, 3
        jz .end
        dec ecx
        jz .zero
        dec ecx
        jz .ones
        mov ecx, eax
        xor eax, eax
        bts eax, ecx
        ret
.zero:  xor eax, eax
        ret
.ones:  or eax, -1
.end:   ret

change: call random
        and eax, 7
        jmp [.kinds + eax * 4]
.kinds: dd .text, .packed, .planar, .dispi, .register, .dispi_register, .pixels, .attribute

.text:  mov esi, text_mode
        jmp mode
.packed:
        mov esi, packed_mode
        jmp mode
.planar:
        mov esi, planar_mode
        jmp mode

.dispi: mov cl, 4                       ; off, any size and depth, on
        xor eax, eax
        call to_dispi
        mov cl, 1
        call .size
        mov cl, 2
        call .size
        call random
        and eax, 7
        movzx eax, byte [depths + eax]
        mov cl, 3
        call to_dispi
        mov cl, 4
        mov eax, 0x41
        jmp to_dispi
.size:  push ecx
        call extreme
        test byte [seed + 2], 3
        jz .wild
        and eax, 0x7FF
.wild:  pop ecx
        jmp to_dispi

.register:                              ; of the CRTC, sequencer or graphics controller
        call random
        and eax, 3
        mov edi, eax
        mov dx, 0x3D4                   ; CR11 protects the others
        mov ax, 0x11
        out dx, ax
        call random
        and eax, 31
        mov ebx, eax
        call extreme
        mov ah, al
        mov al, bl
        movzx edx, word [indexed + edi * 2]
        out dx, ax
        ret

.dispi_register:
        call random
        and eax, 15
        mov ebx, eax
        call extreme
        mov ecx, ebx
        jmp to_dispi

.pixels:
        call random
        and eax, 0xFFFFF0
        mov [VRAM + eax], edx
        and eax, 0x7FFC
        mov [0xB8000 + eax], edx
        mov [0xA0000 + eax], edx
        ret

.attribute:
        mov dx, 0x3DA
        in al, dx
        call random
        and al, 0x1F
        mov dx, 0x3C0
        out dx, al
        call extreme
        mov dx, 0x3C0
        out dx, al
        mov al, 0x20
        out dx, al
        ret

to_dispi:                               ; register CL <- AX
        push eax
        mov dx, 0x1CE
        movzx eax, cl
        out dx, ax
        pop eax
        mov dx, 0x1CF
        out dx, ax
        ret

; Miscellaneous output; SR1 to SR4; CR0 to CR18h; GR0 to GR8; AR10h to AR14h.
mode:   mov cl, 4
        xor eax, eax
        call to_dispi
        lodsb
        mov dx, 0x3C2
        out dx, al
        mov ebx, 1
        mov ecx, 4
        mov dx, 0x3C4
        call registers
        mov ax, 0x11
        mov dx, 0x3D4
        out dx, ax
        xor ebx, ebx
        mov ecx, 0x19
        call registers
        xor ebx, ebx
        mov ecx, 9
        mov dx, 0x3CE
        call registers
        mov dx, 0x3DA
        in al, dx
        mov dx, 0x3C0
        xor ebx, ebx
.palette:
        mov al, bl
        out dx, al
        out dx, al
        inc ebx
        cmp ebx, 16
        jb .palette
.attributes:
        mov al, bl
        out dx, al
        lodsb
        out dx, al
        inc ebx
        cmp ebx, 0x15
        jb .attributes
        mov al, 0x20
        out dx, al
        ret
registers:
        lodsb
        mov ah, al
        mov al, bl
        out dx, ax
        inc ebx
        loop registers
        ret

indexed:
        dw 0x3D4, 0x3C4, 0x3CE, 0x3D4
depths: db 4, 8, 15, 16, 24, 32, 0, 255
text_mode:
        db 0x67, 0, 3, 0, 2
        db 0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0, 0x4F, 0x0D, 0x0E, 0, 0, 0, 0
        db 0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF
        db 0, 0, 0, 0, 0, 0x10, 0x0E, 0, 0xFF
        db 0x0C, 0, 0x0F, 8, 0
packed_mode:
        db 0x63, 1, 0x0F, 0, 0x0E
        db 0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0, 0x41, 0, 0, 0, 0, 0, 0
        db 0x9C, 0x8E, 0x8F, 0x28, 0x40, 0x96, 0xB9, 0xA3, 0xFF
        db 0, 0, 0, 0, 0, 0x40, 5, 0x0F, 0xFF
        db 0x41, 0, 0x0F, 0, 0
planar_mode:
        db 0xE3, 1, 0x0F, 0, 6
        db 0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0, 0x40, 0, 0, 0, 0, 0, 0
        db 0xEA, 0x8C, 0xDF, 0x28, 0, 0xE7, 4, 0xE3, 0xFF
        db 0, 0, 0, 0, 0, 0, 5, 0x0F, 0xFF
        db 1, 0, 0x0F, 0, 0
%endif
        IMAGE_END
