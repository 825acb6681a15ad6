import { describe, expect, it } from 'vitest';
import { admissionPolicy } from '../../permissions/admission-policy.ts';

describe('infra/cluster-access/admission-policy.yaml', () => {
  it('is made of podshift’s own pods and constants ("npm run admission-policy" writes it)', async () => {
    await expect(admissionPolicy()).toMatchFileSnapshot('../../../infra/cluster-access/admission-policy.yaml');
  });
});
