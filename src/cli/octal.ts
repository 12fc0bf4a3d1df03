/** Permission bits as chmod(1) has them: `0660`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
