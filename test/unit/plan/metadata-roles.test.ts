import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KiamServerSettings, Kube2iamSettings } from '../../../src/model/metadata.ts';
import { goRegexp } from '../../../src/plan/go-regexp.ts';
import { globMatches, kiamArn, kube2iamArn, type MetadataAnswer, resolveKiam, resolveKube2iam } from '../../../src/plan/metadata/roles.ts';

const CLUSTER = { partition: 'aws', accountId: '123456789012' };
const BASE = 'arn:aws:iam::123456789012:role/';
const ROLE = 'iam.amazonaws.com/role';
const ALLOWED = 'iam.amazonaws.com/allowed-roles';
const PERMITTED = 'iam.amazonaws.com/permitted';

function kube2iam(changes: Partial<Kube2iamSettings> = {}): Kube2iamSettings {
  return {
    part: 'kube2iam',
    roleKey: ROLE,
    externalIdKey: 'iam.amazonaws.com/external-id',
    namespaceKey: ALLOWED,
    namespaceRestrictions: false,
    restrictionFormat: 'glob',
    base: { kind: 'prefix', prefix: BASE },
    defaultRole: '',
    discoverDefaultRole: false,
    interception: {
      iptables: true,
      hostInterface: 'eni+',
      port: 8181,
      metadataAddress: '169.254.169.254',
      hostAddress: null,
      removesRule: false,
    },
    ...changes,
  };
}

function kiam(changes: Partial<KiamServerSettings> = {}): KiamServerSettings {
  return {
    part: 'kiam-server',
    version: 4,
    strictRegexp: true,
    base: { kind: 'prefix', prefix: BASE },
    assumeRoleArn: '',
    session: 'kiam',
    ...changes,
  };
}

/** What is told of an answer: the role, and for which reason it is not had. */
const short = (answer: MetadataAnswer) => `${answer.kind} ${answer.kind === 'none' ? '' : answer.roleArn.replace(BASE, '')}`.trim();

const restricted = kube2iam({ namespaceRestrictions: true });
const byRegexp = kube2iam({ namespaceRestrictions: true, restrictionFormat: 'RegExp' });

describe('kube2iam', () => {
  it.each<[string, Kube2iamSettings, Record<string, string>, Record<string, string>, string]>([
    ['puts the base ahead of a short name', kube2iam(), { [ROLE]: 'reader' }, {}, 'role reader'],
    ['lets a short name hold a path', kube2iam(), { [ROLE]: 'team/app' }, {}, 'role team/app'],
    ['trims no leading slash', kube2iam(), { [ROLE]: '/reader' }, {}, 'role /reader'],
    ['trims no spaces', kube2iam(), { [ROLE]: ' reader' }, {}, 'role  reader'],
    [
      'takes an ARN of any account as it is',
      kube2iam(),
      { [ROLE]: 'arn:aws:iam::999999999999:role/x' },
      {},
      'role arn:aws:iam::999999999999:role/x',
    ],
    ['knows an ARN in any case', kube2iam(), { [ROLE]: 'ARN:aws:iam::1:role/x' }, {}, 'role ARN:aws:iam::1:role/x'],
    ['drops the path of a discovered base', kube2iam({ base: { kind: 'discovered' } }), { [ROLE]: 'reader' }, {}, 'role reader'],
    ['resolves nothing without a base', kube2iam({ base: { kind: 'none' } }), { [ROLE]: 'reader' }, {}, 'role reader'],
    [
      'reads the renamed key alone',
      kube2iam({ roleKey: 'example.com/role' }),
      { [ROLE]: 'x', 'example.com/role': 'reader' },
      {},
      'role reader',
    ],
    ['gives nothing for an empty annotation, not the default role', kube2iam({ defaultRole: 'fallback' }), { [ROLE]: '' }, {}, 'none'],
    ['gives the default role without an annotation', kube2iam({ defaultRole: 'fallback' }), {}, {}, 'role fallback'],
    ['gives nothing where the base makes an empty default (200 without a role)', kube2iam(), {}, {}, 'none'],
    ["gives no role of one's own where the default is the node's", kube2iam({ discoverDefaultRole: true }), {}, {}, 'none'],
    ['asks no namespace without restrictions', kube2iam(), { [ROLE]: 'reader' }, { [ALLOWED]: '[]' }, 'role reader'],
    ['denies without a namespace annotation', restricted, { [ROLE]: 'reader' }, {}, 'denied reader'],
    ['denies by bad JSON', restricted, { [ROLE]: 'reader' }, { [ALLOWED]: '[reader]' }, 'denied reader'],
    ['denies by JSON that is no array of strings', restricted, { [ROLE]: 'reader' }, { [ALLOWED]: '["reader",1]' }, 'denied reader'],
    ['completes a pattern as it does a role', restricted, { [ROLE]: 'reader' }, { [ALLOWED]: '["reader"]' }, 'role reader'],
    ['matches a glob over slashes', restricted, { [ROLE]: 'team/a/b' }, { [ALLOWED]: '["team/*"]' }, 'role team/a/b'],
    ['lets a glob be no prefix', restricted, { [ROLE]: 'reader2' }, { [ALLOWED]: '["reader"]' }, 'denied reader2'],
    [
      'lets the default role pass its restrictions',
      kube2iam({ ...restricted, defaultRole: 'reader' }),
      { [ROLE]: 'reader' },
      {},
      'role reader',
    ],
    [
      'matches a regular expression anywhere: role1 permits role10',
      byRegexp,
      { [ROLE]: 'role10' },
      { [ALLOWED]: '["role1"]' },
      'role role10',
    ],
    ['goes on after a pattern that does not compile', byRegexp, { [ROLE]: 'reader' }, { [ALLOWED]: '["(", "reader"]' }, 'role reader'],
    [
      'does not guess where only such a pattern could match',
      byRegexp,
      { [ROLE]: 'reader' },
      { [ALLOWED]: '["(", "writer"]' },
      'unclear reader',
    ],
    ['denies where no regular expression matches', byRegexp, { [ROLE]: 'reader' }, { [ALLOWED]: '["writer$"]' }, 'denied reader'],
  ])('%s', (_, settings, pod, namespace, expected) => {
    expect(short(resolveKube2iam(settings, CLUSTER, pod, namespace))).toBe(expected);
  });

  it('resolves as iam/arn.go does, whatever the name', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const isArn = name.slice(0, 4).toLowerCase() === 'arn:';
        expect(kube2iamArn(name, { kind: 'prefix', prefix: BASE }, CLUSTER)).toBe(isArn ? name : BASE + name);
      }),
    );
  });
});

describe('kiam', () => {
  const all = { [PERMITTED]: '.*' };
  it.each<[string, KiamServerSettings, Record<string, string>, Record<string, string>, string]>([
    ['trims one leading slash', kiam(), { [ROLE]: '/reader' }, all, 'role reader'],
    ['trims one leading slash alone', kiam(), { [ROLE]: '//reader' }, all, 'role /reader'],
    ['knows an ARN in lower case only', kiam(), { [ROLE]: 'ARN:x' }, all, 'role ARN:x'],
    ['takes an ARN as it is', kiam(), { [ROLE]: 'arn:aws:iam::9:role/x' }, all, 'role arn:aws:iam::9:role/x'],
    ['has no default role', kiam(), {}, all, 'none'],
    ['gives nothing for an empty annotation', kiam(), { [ROLE]: '' }, all, 'none'],
    ['denies all without an annotation of the namespace', kiam(), { [ROLE]: 'reader' }, {}, 'denied reader'],
    ['denies all by an empty one', kiam(), { [ROLE]: 'reader' }, { [PERMITTED]: '' }, 'denied reader'],
    ['4 matches the resolved ARN', kiam(), { [ROLE]: 'reader' }, { [PERMITTED]: '.*:role/reader' }, 'role reader'],
    ['4 denies what names the annotation alone', kiam(), { [ROLE]: 'reader' }, { [PERMITTED]: 'reader' }, 'denied reader'],
    ['3 matches the annotation as it is', kiam({ version: 3 }), { [ROLE]: 'reader' }, { [PERMITTED]: 'reader' }, 'role reader'],
    ['3 denies what names the ARN', kiam({ version: 3 }), { [ROLE]: 'reader' }, { [PERMITTED]: '.*:role/reader' }, 'denied reader'],
    [
      'is not guessed about where the versions differ',
      kiam({ version: null }),
      { [ROLE]: 'reader' },
      { [PERMITTED]: 'reader' },
      'unclear reader',
    ],
    ['is known where the versions agree', kiam({ version: null }), { [ROLE]: 'reader' }, { [PERMITTED]: '.*reader' }, 'role reader'],
    [
      'binds a strict alternation loosely: ^a|b$',
      kiam({ version: 3 }),
      { [ROLE]: 'a-anything' },
      { [PERMITTED]: 'a|b' },
      'role a-anything',
    ],
    ['is strict at both ends else', kiam({ version: 3 }), { [ROLE]: 'reader2' }, { [PERMITTED]: 'reader' }, 'denied reader2'],
    [
      'matches anywhere where strictness is off',
      kiam({ version: 3, strictRegexp: false }),
      { [ROLE]: 'my-reader2' },
      { [PERMITTED]: 'reader' },
      'role my-reader2',
    ],
    ['is not guessed about where the expression does not compile', kiam(), { [ROLE]: 'reader' }, { [PERMITTED]: '(' }, 'unclear reader'],
  ])('%s', (_, settings, pod, namespace, expected) => {
    const answer = resolveKiam(settings, CLUSTER, pod, namespace);
    expect(short(answer)).toBe(expected);
  });

  it('resolves as arn_resolver.go does, whatever the name', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const expected = name.startsWith('arn:') ? name : BASE + (name.startsWith('/') ? name.slice(1) : name);
        expect(kiamArn(name, { kind: 'prefix', prefix: BASE }, CLUSTER)).toBe(expected);
      }),
    );
  });
});

/** go-glob, written again as its documentation says it: each star is any text. */
function globByHand(pattern: string, subject: string): boolean {
  if (pattern === '') return subject === '';
  if (pattern[0] === '*')
    return Array.from({ length: subject.length + 1 }, (_, at) => subject.slice(at)).some((rest) => globByHand(pattern.slice(1), rest));
  return subject !== '' && subject[0] === pattern[0] && globByHand(pattern.slice(1), subject.slice(1));
}

/** A small regular language with its meaning: what a Go pattern of it must match. */
type Language = { readonly text: string; ends(subject: string, from: number): number[] };
const letter = fc
  .constantFrom('a', 'b', '/', ':')
  .map((text): Language => ({ text, ends: (subject, from) => (subject[from] === text ? [from + 1] : []) }));
const any = fc.constant<Language>({ text: '.', ends: (subject, from) => (from < subject.length ? [from + 1] : []) });
const set = fc.constant<Language>({
  text: '[^a]',
  ends: (subject, from) => (from < subject.length && subject[from] !== 'a' ? [from + 1] : []),
});
const unit = fc.oneof(letter, any, set);
const sequence = (parts: readonly Language[]): Language => ({
  text: parts.map(({ text }) => text).join(''),
  ends: (subject, from) => parts.reduce<number[]>((ends, part) => [...new Set(ends.flatMap((end) => part.ends(subject, end)))], [from]),
});
const star = unit.map(
  (one): Language => ({
    text: `${one.text}*`,
    ends: (subject, from) => {
      const seen = new Set([from]);
      for (const end of seen) for (const next of one.ends(subject, end)) seen.add(next);
      return [...seen];
    },
  }),
);
const chain = fc.array(fc.oneof(unit, star), { minLength: 1, maxLength: 4 }).map(sequence);
const choice = fc.tuple(chain, chain).map(
  ([one, other]): Language => ({
    text: `(${one.text}|${other.text})`,
    ends: (subject, from) => [...one.ends(subject, from), ...other.ends(subject, from)],
  }),
);

describe('patterns', () => {
  const subject = fc.string({ unit: fc.constantFrom('a', 'b', '/', ':'), maxLength: 8 });

  it('match globs as go-glob does', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 7 });
    fc.assert(
      fc.property(pattern, subject, (glob, text) => {
        expect(globMatches(glob, text)).toBe(globByHand(glob, text));
      }),
    );
  });

  it('match regular expressions anywhere, as MatchString does', () => {
    fc.assert(
      fc.property(fc.oneof(chain, choice), subject, (language, text) => {
        const compiled = goRegexp(language.text);
        const expected = Array.from({ length: text.length + 1 }, (_, at) => at).some((at) => language.ends(text, at).length > 0);
        expect(compiled.kind === 'pattern' && compiled.matches(text)).toBe(expected);
        const whole = goRegexp(`^${language.text}$`);
        expect(whole.kind === 'pattern' && whole.matches(text)).toBe(language.ends(text, 0).includes(text.length));
      }),
    );
  });

  it.each<[string, string, string[], string[]]>([
    ['a flag at the start', '(?i)ReAder', ['reader', 'READER'], ['writer']],
    ['a flag behind the anchor of kiam', '^(?i)reader$', ['READER'], ['xreader']],
    ['a named group', '(?P<team>a|b)c', ['ac', 'bc'], ['c']],
    ['a group without a name', '(?:ab)+$', ['abab'], ['aba']],
    ['the ends of the text', '\\Aab\\z', ['ab'], ['xab', 'abx']],
    ['quoted text', '\\Qa.b*\\E$', ['a.b*'], ['axb*']],
    ['quoted text without an end', '^\\Qa.b', ['a.bc'], ['axb']],
    ['a POSIX class', '^[[:alpha:]_]+$', ['ab_'], ['a1']],
    ['a bracket first in a class', '^[]a]+$', [']a'], ['b']],
    ['a bracket inside a class', '^[a[]+$', ['a['], ['b']],
    ['a negated class', '^[^a-c]$', ['d'], ['a']],
    ['an escape in a class', '^[\\d\\-]+$', ['1-2'], ['a']],
    ['a repetition', '^a{2,3}$', ['aa', 'aaa'], ['a', 'aaaa']],
    ['a repetition without an end', '^a{2,}$', ['aaaa'], ['a']],
    ['a brace that is no repetition', '^a{x}$', ['a{x}'], ['a']],
    ['a lazy repetition', '^a+?b$', ['aab'], ['b']],
    ['a slash and an underscore', '^a\\/b\\_$', ['a/b_'], ['ab']],
  ])('translate %s', (_, source, yes, no) => {
    const compiled = goRegexp(source);
    if (compiled.kind !== 'pattern') throw new Error(compiled.reason);
    expect(yes.filter((text) => !compiled.matches(text))).toEqual([]);
    expect(no.filter((text) => compiled.matches(text))).toEqual([]);
  });

  it.each<[string, string, 'invalid' | 'unknown']>([
    ['lookahead', 'a(?=b)', 'invalid'],
    ['lookbehind', '(?<!a)b', 'invalid'],
    ['a back reference', '(a)\\1', 'invalid'],
    ['an open group', '(a', 'invalid'],
    ['an open class', '[a', 'invalid'],
    ['a backslash at the end', 'a\\', 'invalid'],
    ['an unknown escape', '\\y', 'invalid'],
    ['a word end in a class', '[\\b]', 'invalid'],
    ['an end of text in a class', '[\\z]', 'invalid'],
    ['a repetition of nothing', '{2}', 'invalid'],
    ['a repetition of more than 1000', 'a{1001}', 'invalid'],
    ['a repeated repetition', 'a*?*', 'invalid'],
    ['a Unicode class', '\\pL', 'unknown'],
    ['flags in the middle', 'a(?i:b)', 'unknown'],
    ['flags that are not translated', '(?U)a', 'unknown'],
    ['an unknown POSIX class', '[[:cntrl:]]', 'unknown'],
  ])('tell that %s is not matched with', (_, source, kind) => {
    expect(goRegexp(source).kind).toBe(kind);
  });
});
