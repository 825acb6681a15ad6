import { describe, expect, it } from 'vitest';
import { isSelf, principalOf } from '../../../src/model/requester.ts';

const ROLE = 'arn:aws:sts::111122223333:assumed-role/deploy';
const CENTER = 'arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Ops_0123456789abcdef';

describe('principalOf', () => {
  it.each([
    ['a user', 'arn:aws:iam::111122223333:user/ops/jo', 'arn:aws:iam::111122223333:user/ops/jo'],
    ['the root user', 'arn:aws:iam::111122223333:root', 'arn:aws:iam::111122223333:root'],
    ['the session of a role, whose name is its holder’s choice', `${ROLE}/jo`, ROLE],
    ['the session of a person of IAM Identity Center', `${CENTER}/jo@example.com`, `${CENTER}/jo@example.com`],
    [
      'a federated user, whose name is its maker’s choice',
      'arn:aws-cn:sts::111122223333:federated-user/jo',
      'arn:aws-cn:sts::111122223333:federated-user',
    ],
  ])('is of %s', (_title, arn, principal) => expect(principalOf(arn)).toBe(principal));
});

describe('isSelf', () => {
  const requester = (by: string | null) => ({ by, source: 'api', at: 't', known: true }) as const;

  it('knows a role by another session', () => {
    expect(isSelf(requester(`${ROLE}/jo`), `${ROLE}/mo`)).toBe(true);
    expect(isSelf(requester(`${CENTER}/jo@example.com`), `${CENTER}/mo@example.com`)).toBe(false);
    expect(isSelf(requester(`${ROLE}/jo`), `${ROLE}-2/jo`)).toBe(false);
  });

  it('says nothing of a requester whom nobody knows', () => {
    expect(isSelf(requester(null), `${ROLE}/jo`)).toBe(false);
    expect(isSelf(undefined, `${ROLE}/jo`)).toBe(false);
  });
});
