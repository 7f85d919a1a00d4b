# VGA mode 3 (80 x 25 text at B8000h), by the VGA's registers alone. Values: IBM's VGA BIOS.
# The font plane stays empty: whoever shows the screen takes the characters from the cells.
    .code16
set_text_mode:
    movw $0x3C2, %dx
    movb $0x67, %al                      # color addresses, RAM on, 28 MHz
    outb %al, %dx
    movw $0x3C4, %dx
    movw $(vga_sequencer - rom), %si
    movw $5, %cx
    call vga_indexed
    movw $0x3D4, %dx
    movw $0x0011, %ax                    # CRTC 0-7 writable
    outw %ax, %dx
    movw $(vga_crtc - rom), %si
    movw $25, %cx
    call vga_indexed
    movw $0x3CE, %dx
    movw $(vga_graphics - rom), %si
    movw $9, %cx
    call vga_indexed
    movw $0x3DA, %dx
    inb %dx, %al                         # the attribute controller expects an index next
    movw $0x3C0, %dx
    movw $(vga_attribute - rom), %si
    xorb %ah, %ah
.Lattribute:
    movb %ah, %al
    outb %al, %dx
    movb %cs:(%si), %al
    outb %al, %dx
    incw %si
    incb %ah
    cmpb $21, %ah
    jb .Lattribute
    movb $0x20, %al                      # palette to the screen
    outb %al, %dx
    # The DAC's first 64 colors: two bits each of red, green, blue.
    movw $0x3C6, %dx
    movb $0xFF, %al
    outb %al, %dx
    movw $0x3C8, %dx
    xorb %al, %al
    outb %al, %dx
    movw $0x3C9, %dx
    xorb %bl, %bl
.Ldac:
    movb $2, %cl                         # red is bits 2 and 5, green 1 and 4, blue 0 and 3
.Ldac_part:
    movb %bl, %ah
    shrb %cl, %ah
    xorb %al, %al
    testb $1, %ah
    jz .Ldac_low
    movb $42, %al
.Ldac_low:
    testb $8, %ah
    jz .Ldac_high
    addb $21, %al
.Ldac_high:
    outb %al, %dx
    decb %cl
    jns .Ldac_part
    incb %bl
    cmpb $64, %bl
    jb .Ldac
    movl $0xB8000, %edi
.Lclear:
    movl $0x07200720, %fs:(%edi)
    addl $4, %edi
    cmpl $0xC0000, %edi
    jb .Lclear
    ret

vga_indexed:                             # CS:SI: values of registers 0 to CX - 1
    xorb %al, %al
.Lindexed:
    movb %cs:(%si), %ah
    outw %ax, %dx
    incw %si
    incb %al
    loop .Lindexed
    ret

vga_sequencer: .byte 0x03, 0x00, 0x03, 0x00, 0x02
vga_crtc: .byte 0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00, 0x4F, 0x0D, 0x0E, 0, 0, 0, 0
    .byte 0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF
vga_graphics: .byte 0, 0, 0, 0, 0, 0x10, 0x0E, 0x00, 0xFF
vga_attribute: .byte 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F
    .byte 0x0C, 0x00, 0x0F, 0x08, 0x00
