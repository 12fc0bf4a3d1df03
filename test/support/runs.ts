/** How many random cases a property gets: `few`, or 100,000 under `make fuzz`. */
export function runs(few: number): number {
  const wanted = Number(process.env['NFVD_FUZZ_CASES'] ?? '0');
  return Math.max(few, Number.isSafeInteger(wanted) ? wanted : 0);
}
