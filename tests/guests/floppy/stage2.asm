; What a floppy can do, through INT 13h and at the ports: reports line by line on the first serial
; port, ends through isa-debug-exit at 501h.
bits 16
org 8000h
FATS    equ 9000h                       ; a FAT, then the root directory
ROOT    equ 0A200h
BUFFER  equ 20000h                      ; for DMA, and what INT 13h reads: 2000h:0
DOR     equ 3F2h
MSR     equ 3F4h
FIFO    equ 3F5h
CCR     equ 3F7h

        mov [drive], dl
        mov dx, 3FBh                    ; 115200 8N1
        mov al, 80h
        out dx, al
        mov dx, 3F8h
        mov al, 1
        out dx, al
        inc dx
        xor al, al
        out dx, al
        mov dx, 3FBh
        mov al, 3
        out dx, al

; --- INT 13h ---
        mov ah, 8
        mov dl, [drive]
        int 13h
        push es
        push 0
        pop es
        mov [words], ax
        mov [words + 2], bx
        mov [words + 4], cx
        mov [words + 6], dx
        pop es
        push ds
        pop es
        mov si, m_params
        mov cx, 4
        call line
        mov ah, 15h
        mov dl, [drive]
        int 13h
        mov [words], ax
        mov si, m_type
        mov cx, 1
        call line

        mov ax, 1                       ; a FAT and the root directory
        mov cx, 9
        mov bx, FATS
.meta:  call read
        inc ax
        add bx, 512
        loop .meta
        mov ax, 19
        mov cx, 14
        mov bx, ROOT
.root:  call read
        inc ax
        add bx, 512
        loop .root
        mov si, ROOT
.file:  cmp byte [si], 0
        je written
        cmp byte [si], 0E5h
        je .next
        test byte [si + 11], 18h
        jnz .next
        call sum_file
.next:  add si, 32
        jmp .file

written:mov di, pattern                 ; the last sector of the disk: write, verify, read
        mov cx, 512
        mov al, 3
.fill:  stosb
        imul ax, ax, 77
        inc ax
        loop .fill
        mov bx, pattern
        mov ax, 0301h
        mov cx, 4F12h
        call int13_head1
        mov si, m_write
        call line1
        mov ax, 0401h
        mov cx, 4F12h
        call int13_head1
        mov si, m_verify
        call line1
        mov bx, again
        mov ax, 0201h
        mov cx, 4F12h
        call int13_head1
        mov si, m_read
        call line1
        call compare
        mov bx, again                   ; no such sector
        mov ax, 0201h
        mov cx, 13h
        call int13_head1
        mov si, m_none
        call line1

; --- the ports ---
        push 40h
        pop fs
        mov byte [fs:40h], 0FFh         ; the BIOS leaves the motor on
        call reset
        mov si, m_reset
        mov cx, 4
.sense: push cx
        mov al, 8
        call command_byte
        call result_word
        mov di, cx
        pop cx
        push cx
        mov bx, 4
        sub bx, cx
        add bx, bx
        mov [words + bx], ax
        pop cx
        loop .sense
        mov cx, 4
        call line
        mov si, c_version
        call simple
        mov si, c_lock
        call simple
        mov si, c_unlock
        call simple
        mov si, c_invalid
        call simple
        mov si, c_configure
        call simple
        mov si, c_specify
        call simple
        mov si, c_dumpreg
        call simple
        mov si, c_recalibrate
        call waiting
        mov si, c_sense
        call simple
        mov si, c_st3
        call simple

        mov ax, 46h                     ; to memory: the first track and a sector of the other side
        mov cx, 19 * 512
        call dma
        mov si, c_read
        call waiting
        mov cx, 19 * 512
        call sum_buffer
        mov si, c_seek
        call waiting
        mov si, c_sense
        call simple
        call id                         ; FORMAT TRACK: 18 IDs
        mov ax, 4Ah
        mov cx, 72
        call dma
        mov si, c_format
        call waiting_quietly
        mov ax, 46h
        mov cx, 18 * 512
        call dma
        mov si, c_formatted
        call waiting
        mov cx, 18 * 512
        call sum_buffer
        push es
        push BUFFER >> 4
        pop es
        xor di, di
        mov cx, 1024
        mov al, 9
.two:   stosb
        imul ax, ax, 5
        inc ax
        loop .two
        pop es
        mov ax, 4Ah
        mov cx, 1024
        call dma
        mov si, c_write
        call waiting
        mov ax, 46h
        mov cx, 1024
        call dma
        mov si, c_back
        call waiting
        mov cx, 1024
        call sum_buffer
        mov si, c_id
        call waiting_quietly            ; which sector comes next is the disk's matter
        mov al, [bytes]
        mov ah, [bytes + 3]
        mov [words], ax
        mov ah, [bytes + 4]
        mov al, [bytes + 6]
        mov [words + 2], ax
        mov si, m_id
        mov cx, 2
        call line

        mov si, m_end
        call text
        mov dx, 3FDh                    ; until the last byte has left
.left:  in al, dx
        test al, 40h
        jz .left
        mov dx, 501h
        mov al, 10h
        out dx, al
        hlt

; The sector AX to ES:BX.
read:   pusha
        call chs
        mov ax, 0201h
        int 13h
        popa
        jc bad
        ret
bad:    mov [words], ax
        mov si, m_bad
        mov cx, 1
        call line
        mov dx, 501h
        mov al, 7Fh
        out dx, al
        hlt
chs:    mov cx, 18
        xor dx, dx
        div cx
        mov cx, dx
        inc cx
        shr ax, 1
        adc dh, 0
        mov ch, al
        mov dl, [drive]
        ret

int13_head1:
        mov dh, 1
        mov dl, [drive]
        int 13h
        mov al, ah                      ; the status, and the carry
        mov ah, 0
        adc ah, 0
        mov [words], ax
        ret
line1:  mov cx, 1
        jmp line
compare:pusha
        mov si, pattern
        mov di, again
        mov cx, 512
        repe cmpsb
        mov [words], cx
        mov si, m_left
        mov cx, 1
        call line
        popa
        ret

; A directory entry at SI: its name, size and the sum of its bytes, cluster after cluster.
sum_file:
        pusha
        mov di, m_name
        mov cx, 11
        push si
        rep movsb
        pop si
        mov eax, [si + 28]
        mov [size], eax
        mov dword [sum], 0
        mov ax, [si + 26]
.cluster:
        cmp ax, 0FF0h
        jae .done
        push ax
        push es
        push BUFFER >> 4
        pop es
        add ax, 33 - 2
        xor bx, bx
        call read
        pop es
        mov ecx, [size]
        cmp ecx, 512
        jbe .part
        mov ecx, 512
.part:  sub [size], ecx
        call add_bytes
        pop ax
        mov bx, ax                      ; the next cluster: 12 bits
        shr bx, 1
        add bx, ax
        mov bx, [FATS + bx]
        test al, 1
        jz .even
        shr bx, 4
.even:  and bx, 0FFFh
        mov ax, bx
        jmp .cluster
.done:  mov eax, [sum]
        mov [words], eax
        mov eax, [size]
        mov [words + 4], eax
        mov si, m_file
        mov cx, 4
        call line
        popa
        ret
; Adds CX bytes at BUFFER to the sum, each multiplied by its place.
add_bytes:
        pushad
        push ds
        push BUFFER >> 4
        pop ds
        xor esi, esi
        jcxz .none
.byte:  xor eax, eax
        lodsb
        imul eax, esi
        add [es:sum], eax
        loop .byte
.none:  pop ds
        popad
        ret
sum_buffer:
        mov dword [sum], 0
        call add_bytes
        mov eax, [sum]
        mov [words], eax
        mov si, m_sum
        mov cx, 2
        jmp line

; --- the controller ---
reset:  mov dx, DOR
        mov al, 18h
        out dx, al
        call forget
        mov al, 1Ch
        out dx, al
        mov dx, CCR
        xor al, al
        out dx, al
await:  test byte [fs:3Eh], 80h         ; IRQ 6, as the BIOS notes it
        jnz forget
        hlt
        jmp await
forget: and byte [fs:3Eh], 7Fh
        ret
command_byte:
        push ax
        mov dx, MSR
.wait:  in al, dx
        and al, 0C0h
        cmp al, 80h
        jne .wait
        pop ax
        inc dx
        out dx, al
        ret
; Sends the command at SI: its text, 0, its length, its bytes; returns the text.
send:   push si
.skip:  lodsb
        test al, al
        jnz .skip
        xor cx, cx
        mov cl, [si]
        inc si
.byte:  lodsb
        call command_byte
        loop .byte
        pop si
        ret
; All bytes of the result; CX: how many.
results:xor cx, cx
        mov di, bytes
.next:  mov dx, MSR
        in al, dx
        and al, 0F0h
        cmp al, 0D0h
        jne .end
        inc dx
        in al, dx
        stosb
        inc cx
        cmp cx, 16
        jb .next
.end:   ret
result_word:
        call results
        mov ax, [bytes]
        xchg al, ah
        ret
simple: call send
        call settle
        call results
        jmp report
waiting_quietly:
        call forget
        call send
        call await
        jmp results
waiting:call waiting_quietly
report: call text
        mov si, bytes
        jcxz .end
.byte:  lodsb
        call hex8
        loop .byte
.end:   jmp newline
settle: mov cx, 100
.in:    in al, 80h
        loop .in
        ret
; DMA of CX bytes at BUFFER, mode AL.
dma:    push ax
        mov al, 6
        out 0Ah, al
        out 0Ch, al
        pop ax
        out 0Bh, al
        xor al, al
        out 4, al
        out 4, al
        mov al, BUFFER >> 16
        out 81h, al
        dec cx
        mov al, cl
        out 5, al
        mov al, ch
        out 5, al
        mov al, 2
        out 0Ah, al
        ret
id:     push es
        push BUFFER >> 4
        pop es
        xor di, di
        mov cx, 1
.next:  mov ax, 78
        stosw                           ; C, H = 0
        mov al, cl
        mov ah, 2
        stosw                           ; R, N
        inc cx
        cmp cx, 18
        jbe .next
        pop es
        ret

; --- the report ---
; The text at SI, then CX words.
line:   call text
        mov si, words
.word:  lodsw
        push ax
        mov al, ah
        call hex8
        pop ax
        call hex8
        mov al, ' '
        call put
        loop .word
newline:mov al, 10
put:    push dx
        push ax
        mov dx, 3FDh
.wait:  in al, dx
        test al, 20h
        jz .wait
        mov dx, 3F8h
        pop ax
        out dx, al
        pop dx
        ret
text:   lodsb
        test al, al
        jz .end
        call put
        jmp text
.end:   ret
hex8:   push ax
        shr al, 4
        call .digit
        pop ax
        and al, 15
.digit: cmp al, 10
        jb .low
        add al, 7
.low:   add al, '0'
        jmp put

m_params:       db "int13 parameters ", 0
m_type:         db "int13 type ", 0
m_file:         db "file "
m_name:         db "           ", " ", 0
m_write:        db "int13 write ", 0
m_verify:       db "int13 verify ", 0
m_read:         db "int13 read ", 0
m_left:         db "not compared ", 0
m_none:         db "int13 no such sector ", 0
m_bad:          db "int13 fails ", 0
m_reset:        db "after reset ", 0
m_sum:          db "sum ", 0
m_id:           db "read id ", 0
m_end:          db "end", 10, 0
c_version:      db "version ", 0, 1, 10h
c_lock:         db "lock ", 0, 1, 94h
c_unlock:       db "unlock ", 0, 1, 14h
c_invalid:      db "invalid ", 0, 1, 1Eh
c_configure:    db "configure ", 0, 4, 13h, 0, 27h, 10
c_specify:      db "specify ", 0, 3, 3, 0DFh, 2
c_dumpreg:      db "dumpreg ", 0, 1, 0Eh
c_recalibrate:  db "recalibrate ", 0, 2, 7, 0
c_sense:        db "sense ", 0, 1, 8
c_st3:          db "drive status ", 0, 2, 4, 0
c_read:         db "read ", 0, 9, 0E6h, 0, 0, 0, 1, 2, 18, 1Bh, 0FFh
c_seek:         db "seek ", 0, 3, 0Fh, 0, 78
c_format:       db "format ", 0, 6, 4Dh, 0, 2, 18, 6Ch, 0
c_formatted:    db "read formatted ", 0, 9, 46h, 0, 78, 0, 1, 2, 18, 1Bh, 0FFh
c_write:        db "write ", 0, 9, 45h, 0, 78, 0, 5, 2, 18, 1Bh, 0FFh
c_back:         db "read back ", 0, 9, 46h, 0, 78, 0, 5, 2, 18, 1Bh, 0FFh
c_id:           db "read id ", 0, 2, 4Ah, 0
drive:          db 0
size:           dd 0
sum:            dd 0
words:          times 8 dw 0
bytes:          times 16 db 0
pattern         equ 0BE00h
again           equ 0C000h
