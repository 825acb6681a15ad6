import { describe, expect, it } from 'vitest';
import type { CloudTrailEvent } from '../../../../src/aws/gateways.ts';
import { tokenUses } from '../../../../src/inventory/consumers/exchanges.ts';

const exchange = (event: Record<string, unknown>): CloudTrailEvent => ({
  eventId: 'e',
  eventName: 'AssumeRoleWithWebIdentity',
  eventTime: 0,
  event: { userIdentity: { userName: 'system:serviceaccount:shop:api' }, requestParameters: { roleArn: 'arn:role/b' }, ...event },
});

describe('tokenUses', () => {
  it('are the roles that tokens were exchanged for, each once', () => {
    const other = exchange({ requestParameters: { roleArn: 'arn:role/a' } });
    expect(tokenUses([exchange({}), exchange({}), other])).toEqual(
      ['a', 'b'].map((name) => ({ namespace: 'shop', serviceAccount: 'api', roleArn: `arn:role/${name}` })),
    );
  });

  it.each<[string, Record<string, unknown>]>([
    ['was refused', { errorCode: 'AccessDenied' }],
    ['names nobody', { userIdentity: undefined }],
    ['is of somebody who is no service account', { userIdentity: { userName: 'alice' } }],
    ['names no role', { requestParameters: null }],
  ])('leave out what %s', (_, event) => {
    expect(tokenUses([exchange(event)])).toEqual([]);
  });
});
