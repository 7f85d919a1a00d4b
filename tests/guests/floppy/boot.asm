; The boot sector of a 1.44 MB FAT12 floppy: loads STAGE2.BIN, the first file, to 0:8000h and jumps
; there. mformat -B fills in the BPB.
bits 16
org 7C00h
        jmp short start
        nop
        times 62 - ($ - $$) db 0        ; the BPB
ROOT    equ 19                          ; sectors: boot, two FATs of 9, root directory of 14
DATA    equ 33

start:  cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 7C00h
        sti
        mov [drive], dl
        mov ax, ROOT
        mov bx, 8000h
        call read
        mov si, 8000h
.entry: mov di, name
        mov cx, 11
        push si
        repe cmpsb
        pop si
        je .found
        add si, 32
        cmp si, 8200h
        jb .entry
        mov al, 'N'
        jmp fail
.found: mov cx, [si + 28]               ; bytes; it is in one piece
        add cx, 511
        shr cx, 9
        mov ax, [si + 26]
        add ax, DATA - 2
.load:  call read
        inc ax
        add bx, 512
        loop .load
        mov dl, [drive]
        jmp 0:8000h

; The sector AX to ES:BX.
read:   pusha
        mov cx, 18
        xor dx, dx
        div cx
        mov cx, dx
        inc cx                          ; CL sector
        shr ax, 1
        adc dh, 0                       ; DH head
        mov ch, al
        mov dl, [drive]
        mov ax, 0201h
        int 13h
        mov al, 'R'
        jc fail
        popa
        ret
fail:   mov ah, 0Eh
        int 10h
        mov dx, 501h
        mov al, 7Fh
        out dx, al
        hlt
        jmp $ - 1
drive:  db 0
name:   db "STAGE2  BIN"
        times 510 - ($ - $$) db 0
        dw 0AA55h
