/** What is read of an entry of package-lock.json, and of package.json: names of packages and their ranges. */
export interface LockEntry {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly engines?: Readonly<Record<string, string>>;
  /** The files that do something when they are loaded: of all others a bundler leaves out what is not used. */
  readonly sideEffects?: readonly string[];
  readonly [key: string]: unknown;
}

/** What is read of a package-lock.json of version 3: its entries by their places, that of the project under the empty one. */
export interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockEntry>>;
  readonly [key: string]: unknown;
}

/** package.json and package-lock.json of the folder that the service is deployed from. */
export interface ServicePackage {
  readonly manifest: LockEntry;
  readonly lock: Lock;
}

/**
 * The package of the service alone: those libraries and tools of the checkout that `sources` (texts of its code, and of serverless.yml)
 * name, the framework, and the Node that all of it runs on, each in the version that the checkout's lock has. Throws `Error` where the
 * lock lacks one of them.
 */
export function servicePackage(manifest: LockEntry, lock: Lock, sources: readonly string[]): ServicePackage {
  const declared = { ...manifest.dependencies, ...manifest.devDependencies };
  const named = new Set(['serverless', ...sources.flatMap((text) => [...text.matchAll(NAMES)].map(([, name = '']) => name))]);
  const { version = '', engines = {}, optionalDependencies = {} } = manifest;
  const own: LockEntry = {
    name: 'podshift-service',
    version,
    dependencies: Object.fromEntries(Object.entries(declared).filter(([name]) => named.has(name))),
    optionalDependencies,
    engines,
  };
  const kept = needed(own, lock);
  const packages = Object.fromEntries(
    Object.entries(lock.packages).flatMap(([place, { dev: _dev, devOptional: _devOptional, ...entry }]) =>
      kept.has(place) ? [[place, entry]] : [],
    ),
  );
  return {
    manifest: { ...own, private: true, type: 'module', sideEffects: manifest.sideEffects ?? [] },
    lock: { ...lock, name: 'podshift-service', version, packages: { '': own, ...packages } },
  };
}

/** A package that a module imports or requires, or that serverless.yml has for a plugin: without what comes below it. */
const NAMES = /(?:\bfrom |\bimport\(?|\brequire\(|^ +- )['"]?((?:@[\w.-]+\/)?[a-z][\w.-]*)/gm;

/** The places of all that an entry needs, as Node and npm look for them. */
function needed(own: LockEntry, { packages }: Lock): ReadonlySet<string> {
  const kept = new Set<string>();
  const queue: (readonly [place: string, entry: LockEntry])[] = [['', own]];
  for (const [from, entry] of queue) {
    for (const name of namesOf(entry)) {
      const place = placeOf(name, from, packages);
      if (place === undefined) {
        // npm leaves out peers and optional ones that nothing else wants, or that are not for any machine.
        if (entry.dependencies?.[name] !== undefined)
          throw new Error(`package-lock.json lacks ${name}, which ${from || 'the service'} needs`);
        continue;
      }
      if (kept.has(place)) continue;
      kept.add(place);
      queue.push([place, packages[place] ?? {}]);
    }
  }
  return kept;
}

function namesOf({ dependencies, optionalDependencies, peerDependencies }: LockEntry): string[] {
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
}

/** Where a package that is wanted at a place is found: in the nearest `node_modules` upwards. */
function placeOf(name: string, from: string, packages: Lock['packages']): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (packages[place] !== undefined) return place;
    if (folder === '') return undefined;
  }
}
