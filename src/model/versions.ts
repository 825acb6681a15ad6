/** Order of versions such as `v1.14.1-eksbuild.1`, by their numbers: negative where `a` is the older one. */
export function compareVersions(a: string, b: string): number {
  const numbers = (version: string) => (version.match(/\d+/g) ?? []).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A container image's parts: where it comes from, and the version that its tag names. */
export interface ImageReference {
  /** Registry and path without tag and digest, such as `ghcr.io/fluent/fluent-bit`. */
  readonly repository: string;
  /** Empty where there is none. */
  readonly tag: string;
  /** Numbers of the tag's version, such as `3.2.10`; null for a digest alone, `latest`, a commit, or a word. */
  readonly version: string | null;
}

/** `v1.2`, `1.2.3-eksbuild.1`, `chart-3.0.1` or `2.31.4-arm64`; two numbers at least, so that no commit or build number is taken for one. */
const VERSION = /^(?:[a-z]+[-_])?v?(\d{1,6}(?:\.\d{1,6}){1,3})(?=$|[-+_.])/i;

/** Reads an image as Kubernetes takes it: `[REGISTRY[:PORT]/]PATH[:TAG][@DIGEST]` (distribution/reference). */
export function readImage(image: string): ImageReference {
  const [named = ''] = image.split('@');
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : '';
  return { repository: hasTag ? named.slice(0, colon) : named, tag, version: VERSION.exec(tag)?.[1] ?? null };
}
