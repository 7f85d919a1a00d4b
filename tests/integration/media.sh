#!/bin/bash
# Media that boot, and Linux's drivers for them; the long ones only in `make soak` (DEEP=1).
cd "$(dirname "$0")/../.."
exec tests/integration/media.py ${DEEP:+isolinux grubdisk rescue linux changes floppy debian debian-max memtest}
