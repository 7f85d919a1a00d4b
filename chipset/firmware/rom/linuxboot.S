# Option ROM that starts a Linux kernel in the way of the 16-bit boot protocol.
#
# Source: Linux, Documentation/x86/boot.rst. The host has parsed the kernel and filled in the header;
# fw_cfg says where setup code, command line, kernel and initrd go, and copies them there itself.
# Setup is entered with every segment at its address, 20h paragraphs in, and the stack at the end
# of its 64 KiB or below the command line, whichever is lower.

.include "fw_cfg.inc"

	.code16
	.text
	rom_header
product:
	.asciz	"Linux"

boot:
	cli
	cld
	load_item SETUP
	load_item CMDLINE
	load_item KERNEL
	load_item INITRD

	movw	$FW_SETUP_ADDR, %ax
	call	read_number
	movl	%eax, %ebx
	movw	$FW_CMDLINE_ADDR, %ax
	call	read_number
	subl	%ebx, %eax
	cmpl	$0x10000, %eax
	jbe	1f
	movl	$0x10000, %eax
1:	subl	$16, %eax
	shrl	$4, %ebx
	movw	%bx, %ds
	movw	%bx, %es
	movw	%bx, %fs
	movw	%bx, %gs
	movw	%bx, %ss
	movzwl	%ax, %esp
	addw	$0x20, %bx
	pushw	%bx
	pushw	$0
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%esi, %esi
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	lret

	fw_cfg_code
