; A boot sector that works on its disk by INT 13h: ROUNDS times it reads 4 KiB somewhere, adds it up,
; and every other time writes it elsewhere. Says '.' for each round, E and a letter for an error, the
; sum at the end, and turns the machine off.
;
; With FLOPPY it reads the floppy's second sector again and again instead, and says its first
; letter, or '-' where there is no floppy, until that is 'Z'.
bits 16
org 0x7c00
%ifndef ROUNDS
%define ROUNDS 200
%endif
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        mov [drive], dl
        mov dx, 0x3f8+3         ; 115200 8N1
        mov al, 0x83
        out dx, al
        mov dx, 0x3f8
        mov al, 1
        out dx, al
        inc dx
        xor al, al
        out dx, al
        mov dx, 0x3f8+3
        mov al, 3
        out dx, al
%ifdef FLOPPY
again:  mov ax, 0x0201
        mov bx, 0x8000
        mov cx, 2
        xor dx, dx
        int 0x13
        mov al, '-'
        jc say
        mov al, [0x8000]
say:    call put
        cmp al, 'Z'
        jne again
        jmp off
%else
        mov cx, ROUNDS
round:  push cx
        ; the next place: an LCG over 32 bits, its upper bits modulo 60000 sectors
        mov eax, [seed]
        imul eax, eax, 1103515245
        add eax, 12345
        mov [seed], eax
        shr eax, 8
        xor edx, edx
        mov ebx, 60000
        div ebx
        add edx, 64
        mov [lba], edx
        mov ah, 0x42
        call disk
        ; add it up
        mov si, 0x8000
        mov cx, 512*8/4
        mov eax, [sum]
sum1:   add eax, [si]
        rol eax, 5
        add si, 4
        loop sum1
        mov [sum], eax
        mov [0x8000], eax
        ; every other round writes it elsewhere
        test byte [seed+2], 1
        jz next
        xor dword [lba], 8
        mov ah, 0x43
        call disk
next:   mov al, '.'
        call put
        pop cx
        loop round
        mov ecx, 8
hex:    rol dword [sum], 4
        mov al, [sum]
        and al, 15
        add al, '0'
        cmp al, '9'
        jbe digit
        add al, 39
digit:  call put
        loop hex
%endif
off:    mov al, 10
        call put
        mov dx, 0x3f8+5
wait2:  in al, dx
        test al, 0x40           ; all is sent
        jz wait2
        mov dx, 0x501           ; isa-debug-exit
        xor al, al
        out dx, al
        hlt

disk:   mov dl, [drive]
        mov si, packet
        mov word [packet+2], 8
        int 0x13
        jnc done
        push ax
        mov al, 'E'
        call put
        pop ax
        mov al, ah
        shr al, 4
        add al, 'a'
        call put
done:   ret

put:    push dx
        push ax
        mov dx, 0x3f8+5
wait1:  in al, dx
        test al, 0x20
        jz wait1
        pop ax
        mov dx, 0x3f8
        out dx, al
        pop dx
        ret

drive:  db 0
seed:   dd 1
sum:    dd 0
        align 4
packet: dw 16, 8, 0x8000, 0
lba:    dd 0, 0
        times 510-($-$$) db 0
        dw 0xaa55
