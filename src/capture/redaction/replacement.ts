import { createHmac } from 'node:crypto';
import { accountTexts } from '../../inventory/consumers/names.ts';
import type { Judge } from '../../inventory/judgements.ts';
import { AGENT_ADDRESSES } from '../../model/agent.ts';

/** What stands for a text: the same for the same text, and nobody can tell from it what the text was. */
export type Token = (text: string) => string;

/** Hex digits of a token: texts of one capture are told apart. */
const DIGITS = 16;

/** Tokens by a key, which is of one capture and kept nowhere: not even a guess at a text can be tried. */
export function tokensBy(key: Uint8Array): Token {
  return (text) => `redacted-${createHmac('sha256', key).update(text).digest('hex').slice(0, DIGITS)}`;
}

/** How a text names the web-identity provider, and how the comments of files and shells begin. */
const PROVIDER = 'web-identity';
const FORMS: readonly ((token: string) => string)[] = [
  (token) => token,
  (token) => `${token} ${PROVIDER}`,
  (token) => `# ${token} ${PROVIDER}`,
  (token) => `// ${token} ${PROVIDER}`,
  (token) => `<!-- ${token} ${PROVIDER} -->`,
  (token) => `-- ${token} ${PROVIDER}`,
];

/** The agent's addresses, as `NO_PROXY` has them. */
const EXCEPTIONS = ['', `,${AGENT_ADDRESSES.ipv4}`, `,${AGENT_ADDRESSES.ipv6}`, `,${AGENT_ADDRESSES.ipv4},${AGENT_ADDRESSES.ipv6}`];

/** Mesh configurations, and text that is no YAML. */
const MESHES = ['REGISTRY_ONLY', 'ALLOW_ANY'].map((mode) => (token: string) => `outboundTrafficPolicy: {mode: ${mode}} # ${token}`);
const BROKEN = (token: string): string => `{ ${token}`;

/**
 * A text that stands for another one, and that these judges cannot tell from it. Where there is none it is one that says nothing: what
 * a text holds beyond what is judged is kept in no case. `around` is what a kept part of the text makes of the rest.
 */
export function replacementOf(text: string, judges: readonly Judge[], token: Token, around: Token = (rest) => rest): string {
  const given = around(text);
  if (text === '') return given;
  const sign = token(text);
  const verdict = JSON.stringify(judges.map((judge) => judge(given)));
  const accounts = accountTexts(text);
  const found = candidates(sign, accounts)
    .map(around)
    .find((candidate) => JSON.stringify(judges.map((judge) => judge(candidate))) === verdict);
  return found ?? around(sign);
}

/** Texts that say nothing but what podshift looks for, the barest first. */
function candidates(sign: string, accounts: readonly string[]): string[] {
  const signs = accounts.length === 0 ? [sign] : [sign, `${sign} ${accounts.join(' ')}`];
  const plain = EXCEPTIONS.flatMap((exception) => FORMS.flatMap((form) => signs.map((one) => `${form(one)}${exception}`)));
  return [...plain, ...[...MESHES, BROKEN].map((form) => form(sign))];
}
