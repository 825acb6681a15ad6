import type { OverrideFact } from '../model/inventory.ts';
import {
  isServed,
  type Mount,
  POD_IDENTITY_AUDIENCE,
  plainPath,
  TOKEN_PLACES,
  type TokenPlace,
  type Volume,
} from '../model/webhook/token-file.ts';

/** The part of a container that the webhook looks at. */
interface Container {
  readonly name: string;
  readonly volumeMounts?: readonly Mount[] | null;
}

/**
 * Why containers of a template would have the webhook's variables and no token behind them, by either way: it adds its volume only
 * where none of its name is there, its mount only where none of its name is there, and the API server takes no two mounts at one path.
 * `containers` are those that the webhook changes.
 */
export function tokenProblems(containers: readonly Container[], given: readonly Volume[] | null | undefined): OverrideFact[] {
  const volumes = given ?? [];
  return TOKEN_PLACES.flatMap((place) => containers.flatMap((container) => problemOf(container, volumes, place)));
}

function problemOf(container: Container, volumes: readonly Volume[], place: TokenPlace): OverrideFact[] {
  const own = container.volumeMounts ?? [];
  const file = `${place.mountPath}/${place.path}`;
  const hasMount = own.some(({ name }) => name === place.volume);
  const mounts = hasMount ? own : [...own, { name: place.volume, mountPath: place.mountPath }];
  const hasVolume = volumes.some(({ name }) => name === place.volume);
  const told = (kind: 'volume' | 'mount', name: string): OverrideFact[] => [
    { kind: place.way === 'new' ? `token-${kind}` : 'irsa-token', container: container.name, name },
  ];
  if (isServed(file, place.way, mounts, hasVolume ? volumes : [...volumes, tokenVolume(place)])) return [];
  const inTheWay = own.find(({ name, mountPath = '' }) => name !== place.volume && isAbove(plainPath(mountPath), file, place.mountPath));
  if (inTheWay !== undefined) return told('mount', `a mount at ${inTheWay.mountPath}`);
  return told('volume', hasVolume ? `a volume ${place.volume} of its own` : `a mount ${place.volume} of its own`);
}

/** Whether a mount is at the token's directory, or between that and the token. */
function isAbove(at: string, file: string, directory: string): boolean {
  return at === directory || at === file;
}

function tokenVolume({ way, volume, path }: TokenPlace): Volume {
  const audience = way === 'new' ? POD_IDENTITY_AUDIENCE : 'sts.amazonaws.com';
  return { name: volume, projected: { sources: [{ serviceAccountToken: { audience, path } }] } };
}
