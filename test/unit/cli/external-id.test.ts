import { describe, expect, it } from 'vitest';
import { withoutExternalId } from '../../../cli/service/open.ts';

describe('--external-id', () => {
  it('is not for a deployed service, which has its own', () => {
    expect(() => withoutExternalId('theirs')).toThrow(
      expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(/parameter externalId/) }),
    );
    expect(() => withoutExternalId('theirs')).not.toThrow('theirs');
    for (const none of [undefined, null]) expect(() => withoutExternalId(none)).not.toThrow();
  });
});
