import { describe, expect, it } from 'vitest';
import { commandNamesWebIdentity, fileNamesWebIdentity, namesWebIdentity } from '../../../src/inventory/web-identity.ts';

const FLUENT_BIT = '[OUTPUT]\n    Name  s3\n    Match *\n';
const BOARD = { title: 'STS', schemaVersion: 39, panels: [{ title: 'AssumeRoleWithWebIdentity errors' }] };
const RULES = 'groups:\n- name: sts\n  rules:\n  - alert: Denied\n    expr: sum(denied{action="AssumeRoleWithWebIdentity"}) > 0\n';

describe('the words of web identity', () => {
  it.each([
    'AWS_ROLE_ARN',
    '$(AWS_ROLE_ARN)',
    'role = $AWS_ROLE_ARN',
    'export AWS_ROLE_ARN=arn:aws:iam::1:role/a',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'com.amazonaws.auth.WebIdentityTokenCredentialsProvider',
    'web_identity_token_file = /t',
    '--auth=web-identity',
    'aws sts assume-role-with-web-identity',
    '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
  ])('are in %j', (text) => {
    expect(namesWebIdentity(text)).toBe(true);
    expect(commandNamesWebIdentity(text)).toBe(true);
    expect(fileNamesWebIdentity('app.conf', text)).toBe(true);
  });

  it.each(['AWS_Role_ARN', 'aws_role_arn', 'MY_AWS_ROLE_ARN', 'AWS_ROLE_ARNS', 'roleArn', 'sts:AssumeRoleWithWebIdentity', 'web identity'])(
    'are not in %j',
    (text) => {
      expect(namesWebIdentity(text)).toBe(false);
    },
  );

  it.each<[string, string, string]>([
    ['a comment of a script', 'run.sh', '#!/bin/sh\n# AWS_ROLE_ARN is set by EKS\naws s3 ls'],
    ['a comment behind a setting', 'values.yaml', 'region: eu-west-1 # not AWS_ROLE_ARN'],
    ['a comment with a semicolon', 'app.cfg', '; AWS_ROLE_ARN\nregion = x'],
    ['a comment of a source', 'main.go', '// AWS_ROLE_ARN\nfunc main() {} // web-identity\n/* AWS_ROLE_ARN\n web_identity */'],
    ['a comment of markup', 'core-site.xml', '<!-- WebIdentityTokenCredentialsProvider\n --><configuration/>'],
    ['a comment of properties', 'app.properties', '! AWS_ROLE_ARN\n# AWS_ROLE_ARN'],
    ['a comment of Lua', 'filter.lua', '-- AWS_ROLE_ARN\nlocal a = 1 -- web_identity'],
    ['a document', 'README.md', 'Set AWS_ROLE_ARN.'],
    ['a dashboard', 'sts.json', JSON.stringify(BOARD)],
    ['a wrapped dashboard', 'sts.json', JSON.stringify({ dashboard: BOARD })],
    ['rules of Prometheus', 'sts.rules', RULES],
    ['rules of Prometheus in YAML', 'sts.yaml', RULES],
    ["Fluent Bit's option in its own case", 'fluent-bit.conf', `${FLUENT_BIT}    AWS_Role_ARN arn:aws:iam::1:role/a\n`],
    ["Fluent Bit's option in capitals", 'fluent-bit.conf', `${FLUENT_BIT}    AWS_ROLE_ARN arn:aws:iam::1:role/a\n`],
    [
      "Fluent Bit's option in YAML",
      'fluent-bit.yaml',
      'pipeline:\n  outputs:\n    - name: s3\n      aws_role_arn: arn:aws:iam::1:role/a\n',
    ],
  ])('configure nothing in %s', (_, name, text) => {
    expect(fileNamesWebIdentity(name, text)).toBe(false);
  });

  it.each<[string, string, string]>([
    ['a script beside its comments', 'run.sh', '# a comment\nexport AWS_ROLE_ARN=x'],
    ['a mark between quotes', 'run.sh', 'say " # " && export AWS_ROLE_ARN=x'],
    ['a mark within a word', 'app.yaml', 'url: http://x/#AWS_ROLE_ARN'],
    ['an address in a source', 'main.go', 'get("https://AWS_ROLE_ARN")'],
    ['a value of properties behind a mark', 'app.properties', 'a = b # AWS_ROLE_ARN'],
    ['a configuration in JSON', 'app.json', '{"provider": "web_identity", "panels": 3}'],
    ['a YAML that cannot be read', 'app.yaml', 'a: [AWS_ROLE_ARN'],
    ['groups that are no rules', 'app.yaml', 'groups:\n- name: x\n  auth: web_identity\n'],
    ["another program's section", 'app.conf', '[aws]\nAWS_ROLE_ARN arn'],
    ["Fluent Bit's environment", 'fluent-bit.conf', `${FLUENT_BIT}    Region \${AWS_ROLE_ARN}\n`],
  ])('are seen in %s', (_, name, text) => {
    expect(fileNamesWebIdentity(name, text)).toBe(true);
  });

  it('are told from the comments of a script in a command line', () => {
    expect(commandNamesWebIdentity('set -e\n# AWS_ROLE_ARN\nexec app')).toBe(false);
    expect(commandNamesWebIdentity('set -e\nexport AWS_ROLE_ARN=x\nexec app')).toBe(true);
  });

  it('end with no error on what is no text of theirs', () => {
    expect(fileNamesWebIdentity('bomb.yaml', `a: &a [AWS_ROLE_ARN]\n${'b: [*a, *a]\n'.repeat(300)}`)).toBe(true);
  });
});
