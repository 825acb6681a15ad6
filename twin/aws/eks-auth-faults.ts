import type { EksAuthFault, EksAuthFaults } from './eks-auth.ts';
import { fractionOf } from './ids.ts';

/** What throttles or fails a call does so for a while: a try a few seconds later meets the same. */
const WINDOW = 15_000;
/** Throttling is what is seen most (eks-pod-identity-agent issues 34, 50, 92, 97). */
const KINDS: readonly EksAuthFault[] = ['throttle', 'throttle', 'throttle', 'server-error', 'unavailable'];

/**
 * An EKS Auth that throttles or fails each token's calls in so many percent of the quarter minutes from `startAt` on
 * (milliseconds since the epoch), the same in every replay. Undefined for none.
 */
export function eksAuthFaults(percent: number, startAt: number): EksAuthFaults | undefined {
  if (percent === 0) return undefined;
  return (tokenId, at) => {
    if (at <= startAt) return undefined;
    const fraction = fractionOf(`eks-auth/${tokenId}/${Math.floor(at / WINDOW)}`) * (100 / percent);
    return fraction < 1 ? KINDS[Math.floor(fraction * KINDS.length)] : undefined;
  };
}
