import { describe, expect, it } from 'vitest';
import { findOverrides, skipsEveryContainer } from '../../../src/inventory/overrides.ts';
import { TOKEN_PLACES } from '../../../src/model/webhook/token-file.ts';
import { PREFIX } from '../fixtures/inventory-worlds.ts';

const [NEW, OLD] = TOKEN_PLACES as unknown as [(typeof TOKEN_PLACES)[0], (typeof TOKEN_PLACES)[0]];
const FILE = `${NEW.mountPath}/${NEW.path}`;
const spec = (mounts: object[], volumes: object[]) => ({ containers: [{ name: 'c', volumeMounts: mounts }], volumes });
const projected = (name: string, audience: string, path: string) => ({
  name,
  projected: { sources: [{ serviceAccountToken: { audience, path } }] },
});
const kinds = (of: object, live = false) =>
  findOverrides(of, {}, { prefix: PREFIX, live })
    .overrides.filter(({ kind }) => kind.startsWith('token-') || kind === 'irsa-token')
    .map(({ kind, name }) => `${kind} ${name}`);

describe("what keeps the webhook's token from its file", () => {
  it.each<[string, object, string[]]>([
    ['nothing', spec([], []), []],
    ['other volumes and mounts', spec([{ name: 'v', mountPath: '/data' }], [{ name: 'v', emptyDir: {} }]), []],
    ['a directory above', spec([{ name: 'v', mountPath: '/var/run/secrets' }], [{ name: 'v', emptyDir: {} }]), []],
    ['a file beside', spec([{ name: 'v', mountPath: `${NEW.mountPath}/other` }], [{ name: 'v', emptyDir: {} }]), []],
    ['a volume of its name', spec([], [{ name: NEW.volume, emptyDir: {} }]), [`token-volume a volume ${NEW.volume} of its own`]],
    [
      'a volume of its name with a token for others',
      spec([], [projected(NEW.volume, 'vault', NEW.path)]),
      [`token-volume a volume ${NEW.volume} of its own`],
    ],
    ['a volume of its name that is the same', spec([], [projected(NEW.volume, 'pods.eks.amazonaws.com', NEW.path)]), []],
    [
      'a mount of its name elsewhere',
      spec([{ name: NEW.volume, mountPath: '/elsewhere' }], [projected(NEW.volume, 'pods.eks.amazonaws.com', NEW.path)]),
      [`token-volume a volume ${NEW.volume} of its own`],
    ],
    ['a mount at its directory', spec([{ name: 'v', mountPath: NEW.mountPath }], []), [`token-mount a mount at ${NEW.mountPath}`]],
    ['the same with a slash', spec([{ name: 'v', mountPath: `${NEW.mountPath}/` }], []), [`token-mount a mount at ${NEW.mountPath}/`]],
    ['a mount at its file', spec([{ name: 'v', mountPath: FILE, subPath: 'f' }], []), [`token-mount a mount at ${FILE}`]],
    ["a volume of IRSA's name", spec([], [{ name: OLD.volume, emptyDir: {} }]), [`irsa-token a volume ${OLD.volume} of its own`]],
    ["a mount at IRSA's directory", spec([{ name: 'v', mountPath: OLD.mountPath }], []), [`irsa-token a mount at ${OLD.mountPath}`]],
    ["a volume of IRSA's name with a token of any audience", spec([], [projected(OLD.volume, 'vault', OLD.path)]), []],
  ])('%s', (_, of, expected) => {
    expect(kinds(of)).toEqual(expected);
    expect(kinds(of, true)).toEqual([]);
  });

  it('is not looked for in what the webhook leaves alone', () => {
    const of = spec([{ name: 'v', mountPath: NEW.mountPath }], []);
    const { overrides } = findOverrides(of, { [`${PREFIX}/skip-containers`]: 'c' }, { prefix: PREFIX, live: false });
    expect(overrides).toEqual([]);
  });
});

describe('skip-containers', () => {
  it.each([
    ['c', true],
    ['c,i', true],
    ['"c"', true],
    ['d', false],
    ['', false],
  ])('%j names every container: %s', (names, expected) => {
    expect(skipsEveryContainer({ containers: [{ name: 'c' }] }, { [`${PREFIX}/skip-containers`]: names }, PREFIX)).toBe(expected);
  });

  it('leaves an init container to the webhook', () => {
    const of = { initContainers: [{ name: 'i' }], containers: [{ name: 'c' }] };
    expect(skipsEveryContainer(of, { [`${PREFIX}/skip-containers`]: 'c' }, PREFIX)).toBe(false);
    expect(skipsEveryContainer(of, { [`${PREFIX}/skip-containers`]: 'c,i' }, PREFIX)).toBe(true);
    expect(skipsEveryContainer({ containers: [] }, {}, PREFIX)).toBe(false);
  });
});
