/**
 * A signal that aborts with `signal`, for one call or wait. Many of them may be under way at once:
 * none of them leaves a listener on `signal` itself, of which Node warns when there are many.
 */
export function ownSignal(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal]);
}
