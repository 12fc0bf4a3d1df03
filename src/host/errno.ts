/** glibc's texts (strerror) of what the kernel answers through other programs. */
const ERRNO_OF_TEXT: Readonly<Record<string, string>> = {
  'Operation not permitted': 'EPERM',
  'No such file or directory': 'ENOENT',
  'No such process': 'ESRCH',
  'Interrupted system call': 'EINTR',
  'Input/output error': 'EIO',
  'No such device or address': 'ENXIO',
  'Argument list too long': 'E2BIG',
  'Resource temporarily unavailable': 'EAGAIN',
  'Cannot allocate memory': 'ENOMEM',
  'Permission denied': 'EACCES',
  'Device or resource busy': 'EBUSY',
  'File exists': 'EEXIST',
  'Invalid cross-device link': 'EXDEV',
  'No such device': 'ENODEV',
  'Not a directory': 'ENOTDIR',
  'Is a directory': 'EISDIR',
  'Invalid argument': 'EINVAL',
  'Numerical result out of range': 'ERANGE',
  'No space left on device': 'ENOSPC',
  'Read-only file system': 'EROFS',
  'Too many levels of symbolic links': 'ELOOP',
  'No buffer space available': 'ENOBUFS',
  'Operation not supported': 'EOPNOTSUPP',
  'Address family not supported by protocol': 'EAFNOSUPPORT',
  'Address already in use': 'EADDRINUSE',
  'Cannot assign requested address': 'EADDRNOTAVAIL',
  'Network is down': 'ENETDOWN',
  'Network is unreachable': 'ENETUNREACH',
  'No route to host': 'EHOSTUNREACH',
  'Connection timed out': 'ETIMEDOUT',
};

/** The errno's name; undefined: none that is known. */
export function errnoOfText(text: string): string | undefined {
  return Object.hasOwn(ERRNO_OF_TEXT, text) ? ERRNO_OF_TEXT[text] : undefined;
}

/** The errno's name that an error of Node's carries; empty: none. */
export function nodeErrno(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return '';
}
