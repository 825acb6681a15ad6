import { describe, expect, it } from 'vitest';
import { admitsRole, parseTrustPolicy } from '../../../src/trust/index.ts';

const NODE = 'arn:aws:iam::123456789012:role/team/nodes';

function ask(principal: unknown, condition?: object, effect = 'Allow') {
  const statement = {
    Effect: effect,
    Principal: principal,
    Action: 'sts:AssumeRole',
    ...(condition === undefined ? {} : { Condition: condition }),
  };
  const allow = { Effect: 'Allow', Principal: { AWS: NODE }, Action: 'sts:AssumeRole' };
  const parsed = parseTrustPolicy(
    JSON.stringify({ Version: '2012-10-17', Statement: effect === 'Deny' ? [allow, statement] : [statement] }),
  );
  if (!parsed.ok) throw new Error(parsed.problem);
  return admitsRole(parsed.policy, { principalArn: NODE });
}

describe('whether a trust policy admits the role of a node', () => {
  it.each<[string, unknown, string]>([
    ['the role itself', { AWS: NODE }, 'yes'],
    ['one of several', { AWS: ['arn:aws:iam::123456789012:role/other', NODE] }, 'yes'],
    ['its account by root', { AWS: 'arn:aws:iam::123456789012:root' }, 'yes'],
    ['its account by id', { AWS: '123456789012' }, 'yes'],
    ['everyone', '*', 'yes'],
    ['every AWS principal', { AWS: '*' }, 'yes'],
    ['a role whose name only begins so', { AWS: `${NODE}-2` }, 'no'],
    ['another account', { AWS: '999999999999' }, 'no'],
    ['EC2, which is no role', { Service: 'ec2.amazonaws.com' }, 'no'],
    ['one session of it', { AWS: 'arn:aws:sts::123456789012:assumed-role/nodes/i-0' }, 'undecidable'],
    ['a session of another', { AWS: 'arn:aws:sts::123456789012:assumed-role/others/i-0' }, 'no'],
    ['no readable principal', { AWS: 7 }, 'undecidable'],
  ])('%s', (_, principal, expected) => {
    expect(ask(principal)).toBe(expected);
  });

  it.each<[string, object, string]>([
    ['its ARN', { StringEquals: { 'aws:PrincipalArn': NODE } }, 'yes'],
    ['its account', { StringEquals: { 'aws:PrincipalAccount': '123456789012' } }, 'yes'],
    ['another account', { StringEquals: { 'aws:PrincipalAccount': '9' } }, 'no'],
    ['the type of a session', { StringEquals: { 'aws:PrincipalType': 'AssumedRole' } }, 'yes'],
    ['no service', { Bool: { 'aws:PrincipalIsAWSService': 'false' } }, 'yes'],
    ['an external id, which is not sent', { StringEquals: { 'sts:ExternalId': 'x' } }, 'no'],
    ['a request tag, which is not sent', { StringEquals: { 'aws:RequestTag/a': 'x' } }, 'no'],
    ['a claim of a token', { StringEquals: { 'accounts.google.com:sub': 'x' } }, 'no'],
    ['a session name', { StringEquals: { 'sts:RoleSessionName': 'x' } }, 'undecidable'],
    ['an organization', { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } }, 'undecidable'],
  ])('on condition of %s', (_, condition, expected) => {
    expect(ask({ AWS: NODE }, condition)).toBe(expected);
  });

  it('unless a Deny says otherwise', () => {
    expect(ask({ AWS: NODE }, undefined, 'Deny')).toBe('no');
  });

  it.each<[string, object, string]>([
    ['none', {}, 'yes'],
    ['one tag', { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'shop' } }, 'undecidable'],
    ['the keys of the tags', { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'kubernetes-namespace' } }, 'undecidable'],
    ['the keys that are passed on', { 'ForAllValues:StringEquals': { 'sts:TransitiveTagKeys': 'kubernetes-namespace' } }, 'undecidable'],
    ['an external id, which is not sent', { StringEquals: { 'sts:ExternalId': 'x' } }, 'no'],
  ])('with the tags of a session, whatever they are, on condition of %s', (_, Condition, expected) => {
    const statement = { Effect: 'Allow', Principal: { AWS: NODE }, Action: 'sts:TagSession', Condition };
    const parsed = parseTrustPolicy(JSON.stringify({ Version: '2012-10-17', Statement: [statement] }));
    if (!parsed.ok) throw new Error(parsed.problem);
    expect(admitsRole(parsed.policy, { principalArn: NODE, tagged: true })).toBe(expected);
  });
});
