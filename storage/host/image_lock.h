// Locks on image files, in the scheme of QEMU (documented in its manual under "Disk image file
// locking" and visible in /proc/locks), so that QEMU, qemu-img and Reprise refuse each other's
// images: open-file-description locks, all of them shared ("read") locks, on single bytes.
//   100 + n  the holder uses permission n
//   200 + n  the holder does not let others use permission n
//   n: 0 consistent read, 1 write, 2 write what is there already, 3 resize
// One takes one's own locks first, then looks for locks of others that exclude them. So of two that
// come at the same time both may be refused, but never both be let in.
#pragma once

#include <string>

#include "replay/core/result.h"

namespace reprise {

enum class ImageLock : unsigned char {
  Guest,  // a guest uses it: others may read; while it is read-only here, others may not write
  Tool,   // a tool uses it for a moment, and lets others do what they want, except resize it
          // while the tool does
  Off,    // no locks are taken or looked at (-U, locking=off)
};

// Done by the descriptor's end. A file system that has no locks is no error.
Result<void> lock_image(int fd, const std::string& path, ImageLock mode, bool writes, bool resizes);

}  // namespace reprise
