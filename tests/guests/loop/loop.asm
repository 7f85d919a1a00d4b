; A firmware image that measures the interpreter: enters long mode, runs an integer loop with loads
; and stores, and resets the machine (run it with -no-reboot).
;   ITERATIONS x 10 instructions
%ifndef ITERATIONS
%define ITERATIONS 60000000
%endif
bits 16
org 0xF0000
start:
        cli
        xor ax, ax
        mov ss, ax
        mov es, ax
        mov di, 1000h                   ; PML4, PDPT, PD at 1000h, 2000h, 3000h
        mov cx, 3000h / 2
        rep stosw
        mov ax, cs
        mov ds, ax                      ; tables are in this segment
        mov word [es:1000h], 2003h
        mov word [es:2000h], 3003h
        mov word [es:3000h], 83h        ; 2 MiB page at 0
        lgdt [gdt_pointer - start]
        mov eax, 0A0h                   ; PAE, PGE
        mov cr4, eax
        mov eax, 1000h
        mov cr3, eax
        mov ecx, 0C0000080h
        rdmsr
        or ax, 100h                     ; LME
        wrmsr
        mov eax, cr0
        or eax, 80000001h
        mov cr0, eax
        jmp dword 8:long_mode

bits 64
long_mode:
        mov eax, 10h
        mov ds, eax
        mov es, eax
        mov ss, eax
        mov esp, 8000h
        mov rdi, 9000h
        mov ecx, ITERATIONS
        mov ebx, 12345
        xor eax, eax
        xor edx, edx
align 16
.loop:  add rax, rbx
        xor rdx, rax
        rol rdx, 3
        mov [rdi], rdx
        lea rsi, [rax + rdx * 2 + 7]
        and esi, 0FFFh
        add rbx, [rdi]
        sub rbx, rsi
        dec ecx
        jnz .loop

        mov dx, 0CF9h
        mov al, 6
        out dx, al
.stop:  hlt
        jmp .stop

align 8
gdt:    dq 0, 00AF9B000000FFFFh, 00CF93000000FFFFh
gdt_pointer:
        dw $ - gdt - 1
        dd gdt
        times 0xFFF0 - ($ - $$) db 0FFh
bits 16
        jmp 0F000h:start - 0xF0000
        times 0x10000 - ($ - $$) db 0
