import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A Go module of the project's own that pins programs of others, and what is built from it. */
export interface PinnedModule {
  readonly name: string;
  /** The folder of go.mod and go.sum. */
  readonly folder: string;
  /** Import paths of main packages; a binary is named as the last part. */
  readonly packages: readonly string[];
  /** Values for the linker, made from the pinned version (`v1.2.3`). */
  readonly variables: (version: string) => Readonly<Record<string, string>>;
  /** The required module whose version the binaries report. */
  readonly versionOf: string;
}

/** What `npm run cluster` builds from source. */
export const PINNED_MODULES: readonly PinnedModule[] = [
  {
    name: 'control-plane',
    folder: fileURLToPath(new URL('./go/control-plane/', import.meta.url)),
    packages: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'].map((name) => `k8s.io/kubernetes/cmd/${name}`),
    versionOf: 'k8s.io/kubernetes',
    variables: (version) => {
      const [major = '', minor = ''] = version.slice(1).split('.');
      const prefix = 'k8s.io/component-base/version';
      return {
        [`${prefix}.gitVersion`]: version,
        [`${prefix}.gitMajor`]: major,
        [`${prefix}.gitMinor`]: minor,
        [`${prefix}.gitTreeState`]: 'clean',
        // The same bits from the same sources, whenever they are built.
        [`${prefix}.buildDate`]: '1970-01-01T00:00:00Z',
      };
    },
  },
  {
    name: 'nodes',
    folder: fileURLToPath(new URL('./go/nodes/', import.meta.url)),
    packages: ['sigs.k8s.io/kwok/cmd/kwok'],
    versionOf: 'sigs.k8s.io/kwok',
    variables: () => ({}),
  },
];

/** A pinned module as its files say it. */
export interface ModuleState {
  readonly version: string;
  /** The least Go that builds it, such as `1.24.0`. */
  readonly goVersion: string;
  readonly linkerFlags: string;
  /** Differs whenever other binaries would come out. */
  readonly fingerprint: string;
}

/** Reads go.mod and go.sum. Throws where go.mod does not require the module that its binaries are named for. */
export async function readModule(module: PinnedModule, platform: string): Promise<ModuleState> {
  const [manifest, sums] = await Promise.all([readFile(`${module.folder}/go.mod`, 'utf8'), readFile(`${module.folder}/go.sum`, 'utf8')]);
  const version = new RegExp(`^(?:require )?\\s*${module.versionOf.replaceAll('.', '\\.')} (v\\S+)$`, 'm').exec(manifest)?.[1];
  const goVersion = /^go (\S+)$/m.exec(manifest)?.[1];
  if (version === undefined || goVersion === undefined) {
    throw new Error(`${module.folder}/go.mod does not name ${version === undefined ? module.versionOf : 'a go version'}`);
  }
  const linkerFlags = ['-s', '-w', ...Object.entries(module.variables(version)).map(([name, value]) => `-X ${name}=${value}`)].join(' ');
  const fingerprint = createHash('sha256')
    .update([manifest, sums, linkerFlags, module.packages.join(), platform].join('\n'))
    .digest('hex')
    .slice(0, 16);
  return { version, goVersion, linkerFlags, fingerprint };
}
