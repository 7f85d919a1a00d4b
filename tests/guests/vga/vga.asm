; Sets the mode that a letter on COM1 asks for, draws patterns that show every bit of VRAM on the
; screen, answers 'k', and waits for the next letter. Nothing blinks and no cursor is shown but
; where that is the point. Keys of the BIOS are reported as 'K', scan code, character. It looks like a bzImage, so that any emulator's -kernel starts it in
; real mode with the firmware's INT 10h. tests/integration/screens.py drives it.
bits 16
section header start=0 vstart=0
    times 0x1f1 db 0
    db 15                       ; setup_sects
    dw 0
    dd 1                        ; syssize
    dw 0, 0, 0
    dw 0xaa55
section code start=0x200 vstart=0
    jmp short begin
    db "HdrS"
    dw 0x0203
    dd 0
    dw 0x1000, 0
    db 0, 1                     ; type_of_loader, loadflags: loaded high
    dw 0x8000
    dd 0x100000, 0, 0, 0
    dw 0xe000, 0
    dd 0, 0x37ffffff

begin:
    cli
    mov ax, cs
    mov ds, ax
    mov ss, ax
    mov sp, 0xf000
    sti
    cld
    mov dx, 0x3fb               ; 115200 8n1
    mov al, 0x83
    out dx, al
    mov dx, 0x3f8
    mov al, 1
    out dx, al
    inc dx
    mov al, 0
    out dx, al
    mov dx, 0x3fb
    mov al, 3
    out dx, al
    mov al, 'r'
    jmp .answer
.next:
    mov ah, 1
    int 0x16
    jz .no_key
    xor ah, ah
    int 0x16
    push ax                     ; 'K', scan code, character
    mov al, 'K'
    call tell
    pop ax
    push ax
    mov al, ah
    call tell
    pop ax
    call tell
.no_key:
    mov dx, 0x3fd
    in al, dx
    test al, 1
    jz .next
    mov dx, 0x3f8
    in al, dx
    sub al, 'A'
    cmp al, (cases.end - cases) / 2
    jae .next
    mov bl, al
    xor bh, bh
    add bx, bx
    push ax
    call dispi_off
    call [cases + bx]
    pop ax
    mov al, 'k'
.answer:
    call send
    jmp .next

tell:                           ; on the debug console too
    mov dx, 0x402
    out dx, al
send:
    push dx
    push ax
    mov dx, 0x3fd
.busy:
    in al, dx
    test al, 0x20
    jz .busy
    pop ax
    mov dx, 0x3f8
    out dx, al
    pop dx
    ret

; From now on, 'M', buttons and signs, x, y for each packet of the mouse.
mouse:
    mov ax, 0xc205
    mov bh, 3
    int 0x15
    push cs
    pop es
    mov bx, .packet
    mov ax, 0xc207
    int 0x15
    mov ax, 0xc200
    mov bh, 1
    int 0x15
    ret
.packet:                        ; far; status, x, y, z above the return address
    push bp
    mov bp, sp
    push ax
    mov al, 'M'
    call send
    mov al, [bp + 12]
    call send
    mov al, [bp + 10]
    call send
    mov al, [bp + 8]
    call send
    pop ax
    pop bp
    retf

cases:
    dw text_80, text_8dots, text_40, text_mono, text_50, text_panned, text_split, text_fonts
    dw mode_4, mode_5, mode_6, mode_d, mode_e, mode_f, mode_10, mode_11, mode_12, mode_13
    dw mode_x, rows_400, planes_off, scrolled, vbe_8, vbe_15, vbe_16, vbe_24, vbe_32
    dw dispi_offset, dispi_4, screen_off, blank_palette, vbe_16_banked, text_cursor, rows_wrap
    dw split_graphics, text_lines, mouse
.end:

; ---------------------------------------------------------------- helpers
set_mode:                       ; ax; twice: the first time the BIOS may still have the CRTC at the
    push ax                     ; other address (monochrome or colour)
    int 0x10
    pop ax
    int 0x10
    mov cx, 0x2000              ; no cursor
    mov ah, 1
    int 0x10
    ret

seq:                            ; al index, ah value
    mov dx, 0x3c4
    out dx, ax
    ret
gfx:
    mov dx, 0x3ce
    out dx, ax
    ret
crtc:
    mov dx, 0x3d4
    out dx, ax
    ret
unlock:
    mov dx, 0x3d4
    mov al, 0x11
    out dx, al
    inc dx
    in al, dx
    and al, 0x7f
    out dx, al
    ret
attr:                           ; bl index, bh value; leaves the picture on
    mov dx, 0x3da
    in al, dx
    mov dx, 0x3c0
    mov al, bl
    out dx, al
    mov al, bh
    out dx, al
    mov al, 0x20
    out dx, al
    ret
dispi:                          ; bx index, cx value
    mov dx, 0x1ce
    mov ax, bx
    out dx, ax
    inc dx
    mov ax, cx
    out dx, ax
    ret
dispi_off:
    push bx
    mov bx, 4
    xor cx, cx
    call dispi
    pop bx
    ret

; Fills cx words at es:0 with a pattern that begins at dx.
pattern:
    xor di, di
.loop:
    mov ax, di
    shr ax, 5
    xor ax, di
    add ax, dx
    imul ax, ax, 0x35
    stosw
    loop .loop
    ret

; Cells: every character with every attribute in turn. But for B0h to BFh, of which QEMU repeats
; the eighth dot, and the VGA does not.
text_fill:                      ; es
    mov dl, 0xb0
text_all:
    xor di, di
    xor bx, bx
.loop:
    mov al, bl
    mov ah, al
    and ah, 0xf0
    cmp ah, dl
    jne .take
    mov al, 'A'
.take:
    mov ah, bh
    stosw
    inc bl
    add bh, 3
    cmp di, 0x4000
    jb .loop
    ret

; All four planes, one after the other.
planes:                         ; cx words of each
    mov ax, 0xa000
    mov es, ax
    mov ax, 0x0102
.plane:
    push ax
    push cx
    call seq
    mov dl, ah
    mov dh, 0x5b
    call pattern
    pop cx
    pop ax
    shl ah, 1
    cmp ah, 0x10
    jb .plane
    mov ax, 0x0f02
    call seq
    ret

no_blink:
    mov ax, 0x1003
    xor bx, bx
    int 0x10
    ret

; ---------------------------------------------------------------- text
text_80:
    mov ax, 3
    call set_mode
    call no_blink
    mov ax, 0xb800
    mov es, ax
    jmp text_fill
text_lines:
    call text_80
    mov dl, 1                   ; no such row of characters: all of them
    jmp text_all
text_8dots:
    call text_80
    mov ax, 0x0100
    call seq
    mov ax, 0x0101              ; SR1: 8 dots
    call seq
    mov ax, 0x0300
    jmp seq
text_40:
    mov ax, 1
    call set_mode
    call no_blink
    mov ax, 0xb800
    mov es, ax
    jmp text_fill
text_mono:
    mov ax, 3
    call set_mode
    mov ax, 7
    call set_mode
    mov dx, 0x3b4
    mov ax, 0x0f14              ; underline the last row
    out dx, ax
    mov dx, 0x3ba
    in al, dx
    mov dx, 0x3c0
    mov al, 0x10
    out dx, al
    mov al, 0x06                ; no blinking
    out dx, al
    mov al, 0x20
    out dx, al
    mov ax, 0xb000
    mov es, ax
    jmp text_fill
text_50:
    mov ax, 3
    call set_mode
    mov ax, 0x1112
    xor bl, bl
    int 0x10
    mov cx, 0x2000
    mov ah, 1
    int 0x10
    call no_blink
    mov ax, 0xb800
    mov es, ax
    jmp text_fill
text_panned:
    call text_80
    mov bx, 0x0333              ; PEL panning 3 (index 13h with PAS)
    call attr
    mov ax, 0x000c
    call crtc
    mov ax, 0x550d
    call crtc
    mov ax, 0x0508              ; preset row scan 5
    jmp crtc
text_split:
    call text_80
    mov ax, 0x400d
    call crtc
line_compare:                   ; at line 150
    mov ax, 0x9618
    call crtc
    mov dx, 0x3d4
    mov al, 9
    out dx, al
    inc dx
    in al, dx
    and al, 0xbf
    out dx, al
    call unlock
    dec dx
    mov al, 7
    out dx, al
    inc dx
    in al, dx
    and al, 0xef
    out dx, al
    ret
text_fonts:
    call text_80
    mov ax, 0x1102              ; 8x8 characters into block 1
    mov bl, 1
    int 0x10
    mov ax, 0x1103              ; attribute bit 3 clear: block 0; set: block 1
    mov bl, 0x04
    int 0x10
    ret
text_cursor:                    ; which blinks: the pictures are of either phase
    call text_80
    mov cx, 0x0609
    mov ah, 1
    int 0x10
    mov dx, 0x0510
    xor bh, bh
    mov ah, 2
    int 0x10
    ret

; ---------------------------------------------------------------- CGA, EGA, VGA
mode_4:
    mov ax, 4
    jmp cga
mode_5:
    mov ax, 5
    jmp cga
mode_6:
    mov ax, 6
cga:
    int 0x10
    mov ax, 0xb800
    mov es, ax
    mov cx, 0x2000
    mov dx, 0x1234
    jmp pattern
mode_d:
    mov ax, 0x0d
    jmp ega
mode_e:
    mov ax, 0x0e
    jmp ega
mode_f:
    mov ax, 0x0f
    jmp ega
mode_10:
    mov ax, 0x10
    jmp ega
mode_11:
    mov ax, 0x11
    jmp ega
mode_12:
    mov ax, 0x12
ega:
    int 0x10
    mov cx, 0x8000
    jmp planes
mode_13:
    mov ax, 0x13
    int 0x10
    mov ax, 0xa000
    mov es, ax
    mov cx, 0x8000
    mov dx, 0x77
    jmp pattern
mode_x:                         ; 320x240
    call mode_13
    mov ax, 0x0604
    call seq
    mov ax, 0x0100
    call seq
    mov dx, 0x3c2
    mov al, 0xe3
    out dx, al
    mov ax, 0x0300
    call seq
    call unlock
    mov si, .registers
.next:
    lodsw
    test ax, ax
    jz .draw
    call crtc
    jmp .next
.draw:
    mov cx, 0x8000
    jmp planes
.registers:
    dw 0x0d06, 0x3e07, 0x4109, 0xea10, 0xac11, 0xdf12, 0x0014, 0xe715, 0x0616, 0xe317, 0
rows_400:                       ; 320x400, unchained
    call mode_13
    mov ax, 0x0604
    call seq
    mov ax, 0x4009
    call crtc
    mov ax, 0x0014
    call crtc
    mov ax, 0xe317
    call crtc
    mov cx, 0x8000
    jmp planes
planes_off:
    call mode_12
    mov bx, 0x0532              ; colour plane enable (12h with PAS)
    call attr
    mov bx, 0x8135              ; index 15h is not there
    call attr
    mov bx, 0x0234              ; colour select
    call attr
    mov bx, 0x8130              ; P54S
    jmp attr
scrolled:
    call split_graphics
    mov bx, 0x0533              ; PEL panning 5
    jmp attr
split_graphics:
    call mode_d
    mov ax, 0x2913              ; a wider line
    call crtc
    mov ax, 0x030c
    call crtc
    mov ax, 0x330d
    call crtc
    jmp line_compare
rows_wrap:                      ; the start address near the end of the planes
    call mode_12
    mov ax, 0xf00c
    call crtc
    mov ax, 0x070d
    jmp crtc
screen_off:
    call mode_12
    mov ax, 0x2101
    jmp seq
blank_palette:                  ; the palette is the CPU's: only overscan is shown
    call mode_12
    mov bx, 0x0231
    call attr
    mov dx, 0x3da
    in al, dx
    mov dx, 0x3c0
    mov al, 0
    out dx, al
    ret

; ---------------------------------------------------------------- VBE
vbe:                            ; bx mode; fills dx banks
    push dx
    mov ax, 0x4f02
    int 0x10
    pop dx
    mov ax, 0xa000
    mov es, ax
    xor bp, bp
.bank:
    push dx
    mov bx, 5
    mov cx, bp
    call dispi
    mov cx, 0x8000
    mov dx, bp
    call pattern
    inc bp
    pop dx
    cmp bp, dx
    jb .bank
    ret
vbe_8:
    mov bx, 0x101
    mov dx, 5
    jmp vbe
vbe_15:
    mov bx, 0x110
    mov dx, 10
    jmp vbe
vbe_16:
    mov bx, 0x4114              ; 800x600
    mov dx, 15
    jmp vbe
vbe_24:
    mov bx, 0x112
    mov dx, 15
    jmp vbe
vbe_32:
    mov bx, 0x144               ; 1024x768
    mov dx, 48
    jmp vbe
vbe_16_banked:
    mov bx, 0x111
    mov dx, 12
    call vbe
    mov ax, 0x4f07              ; display start by the BIOS
    xor bx, bx
    mov cx, 8
    mov dx, 40
    int 0x10
    ret
dispi_offset:
    mov bx, 0x4115
    mov dx, 30
    call vbe
    mov si, .registers
    jmp load_dispi
.registers:
    dw 4, 0, 1, 640, 2, 400, 3, 32, 4, 0xc1, 6, 1024, 8, 13, 9, 7, 0xffff
load_dispi:
    lodsw
    cmp ax, 0xffff
    je .done
    mov bx, ax
    lodsw
    mov cx, ax
    call dispi
    jmp load_dispi
.done:
    ret
dispi_4:
    call mode_12
    mov si, .registers
    call load_dispi
    mov cx, 0x8000
    jmp planes
.registers:
    dw 4, 0, 1, 640, 2, 400, 3, 4, 4, 0x81, 8, 16, 9, 3, 0xffff

    times 15 * 512 - ($ - $$) db 0
section kernel start=0x2000 vstart=0
    times 64 db 0xf4
