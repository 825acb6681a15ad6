import { describe, expect, test } from 'vitest';
import { parseTrustPolicy, trustPolicySize } from '../../../src/trust/index.ts';
import { arrayElements, editArray } from '../../../src/trust/json-text.ts';
import { EC2, read } from '../fixtures/trust/example.ts';

const refusals: Record<string, [text: string, problem: RegExp]> = {
  'a text that is no JSON': ['{"Version":', /^the trust policy is not JSON: /],
  'a trailing comma': ['{"Statement":[],}', /is not JSON/],
  'a comment': ['{"Statement":[]/* none */}', /is not JSON/],
  'a byte order mark': ['\ufeff{"Statement":[]}', /is not JSON/],
  'a URL-encoded document': [encodeURIComponent('{"Statement":[]}'), /is not JSON/],
  'an empty text': ['', /is not JSON/],
  'a list': ['[]', /^the trust policy is not a JSON object$/],
  'a string': ['"Statement"', /is not a JSON object/],
  null: ['null', /is not a JSON object/],
  'no Statement': ['{"Version":"2012-10-17"}', /^the trust policy has no Statement$/],
  'Statement in other letters': ['{"statement":[]}', /unknown element statement/],
  'two Statements': ['{"Statement":[],"Statement":[]}', /^the trust policy has more than one Statement$/],
  'two Versions': ['{"Version":"2008-10-17","Version":"2012-10-17","Statement":[]}', /more than one Version/],
  'an element of no policy': ['{"Statement":[],"Resource":"*"}', /^the trust policy has the unknown element Resource$/],
  'an element with the name of the prototype': ['{"Statement":[],"__proto__":{}}', /unknown element __proto__/],
  'a Version of another year': [
    '{"Version":"2020-01-01","Statement":[]}',
    /^the Version of the trust policy is neither 2012-10-17 nor 2008-10-17$/,
  ],
  'a Version that is null': ['{"Version":null,"Statement":[]}', /the Version of the trust policy is neither/],
  'a Statement that is a string': ['{"Statement":"Allow"}', /^statement 1 of the trust policy is not a JSON object$/],
  'a Statement that is null': ['{"Statement":null}', /statement 1 of the trust policy is not a JSON object/],
  'a list in the list': [`{"Statement":[${JSON.stringify(EC2)},[]]}`, /^statement 2 of the trust policy is not a JSON object$/],
  'a document deeper than any policy': [
    `{"Statement":${'['.repeat(40)}${']'.repeat(40)}}`,
    /^the trust policy nests deeper than 32 levels$/,
  ],
  'a document so deep that recursion would end': [
    `{"Statement":${'['.repeat(60_000)}${']'.repeat(60_000)}}`,
    /nests deeper than 32 levels/,
  ],
};

describe('what is no trust policy is refused with the reason:', () => {
  test.each(Object.entries(refusals))('%s', (_, [text, problem]) => {
    const result = parseTrustPolicy(text);
    expect(result.ok).toBe(false);
    expect(result).toHaveProperty('problem', expect.stringMatching(problem));
  });
});

describe('a trust policy is read as it stands:', () => {
  test('its text is kept, white space and all', () => {
    const text = ' {\n\t"Id" : "x",\r\n "Statement" : [ ] } ';
    expect(read(text).text).toBe(text);
  });

  test('a document without a Version is of 2008-10-17', () => {
    expect(read('{"Statement":[]}').version).toBe('2008-10-17');
    expect(read('{"Version":"2008-10-17","Statement":[]}').version).toBe('2008-10-17');
    expect(read('{"Version":"2012-10-17","Statement":[]}').version).toBe('2012-10-17');
  });

  test('a document with an Id, and one as deep as is taken', () => {
    expect(parseTrustPolicy('{"Id":"x","Statement":{}}').ok).toBe(true);
    expect(parseTrustPolicy(`{"Statement":{"x":${'['.repeat(30)}${']'.repeat(30)}}}`).ok).toBe(true);
    expect(parseTrustPolicy(`{"Statement":{"x":${'['.repeat(31)}${']'.repeat(31)}}}`).ok).toBe(false);
    expect(parseTrustPolicy(`{"Statement":{"Sid":"${'[{'.repeat(40)}"}}`).ok).toBe(true);
    expect(parseTrustPolicy(`{"Statement":[${Array.from({ length: 40 }, () => '{"a":[],"b":{}}').join()}]}`).ok).toBe(true);
  });

  test('each statement stands where its text is', () => {
    const statements = ['{"Sid":"a,]}\\"[{\\\\","x":[1,{"y":[]}]}', '{ }', '{"Sid":"","Effect":"Allow" }', '{"Sid":7}'];
    const policy = read(`{ "Id":"[{\\"", "Statement" : [ ${statements.join(' ,\n ')}\t] , "Version":"2012-10-17"}`);
    expect(policy.statements.map(({ start, end }) => policy.text.slice(start, end))).toEqual(statements);
    expect(policy.statements.map(({ sid }) => sid)).toEqual(['a,]}"[{\\', undefined, '', undefined]);
    expect(policy.statements.map(({ value }) => value)).toEqual(statements.map((text) => JSON.parse(text)));
    expect(policy.isArray).toBe(true);
  });

  test('a single object is a statement too', () => {
    const policy = read('{"Statement" :\n{"Sid":"one"}\n}');
    expect(policy.statements.map(({ start, end }) => policy.text.slice(start, end))).toEqual(['{"Sid":"one"}']);
    expect(policy.isArray).toBe(false);
  });

  test('keys that occur twice are found in the element that has them', () => {
    const doubtful = (statement: string): string[] => [...(read(`{"Statement":[${statement}]}`).statements[0]?.doubtful ?? [])];
    expect(doubtful('{"Sid":"a:b","Condition":{"StringEquals":{"k:sub":"v:w"}}}')).toEqual([]);
    expect(doubtful('{"Sid":null,"Action":[{"a":1},[{"b":2}],null,7]}')).toEqual([]);
    expect(doubtful('{"Effect":"Deny","Sid":"a","Effect":"Allow"}')).toEqual(['Effect']);
    expect(doubtful('{"Sid":"a","Condition":{"StringEquals":{"k":"1","k":"2"}}}')).toEqual(['Condition']);
    expect(doubtful('{"Sid":"a","Principal":{"AWS":"1","\\u0041WS":"2"},"Action":[{"a":1,"a":2}]}')).toEqual(['Principal', 'Action']);
  });
});

describe('the size that counts against the quota', () => {
  test('leaves out white space, also inside strings', () => {
    expect(trustPolicySize('{ "a":\t[1,\r\n2] }\u000b\u000c')).toBe('{"a":[1,2]}'.length);
    expect(trustPolicySize('"a b"')).toBe(4);
    expect(trustPolicySize('')).toBe(0);
  });

  test('counts every other character once', () => {
    expect(trustPolicySize('\u0008\u000e!~é')).toBe(5);
  });
});

describe('an array is edited in its text:', () => {
  const cases: Record<string, [text: string, edits: Record<number, string | null>, added: string[], result: string]> = {
    nothing: ['[ 1 , 2 ]', {}, [], '[ 1 , 2 ]'],
    'one replaced': ['[ 1 , 2 ]', { 0: '"x"' }, [], '[ "x" , 2 ]'],
    'the first taken out': ['[ 1 , 2,3 ]', { 0: null }, [], '[ 2,3 ]'],
    'one in the middle taken out': ['[ 1 , 2,3 ]', { 1: null }, [], '[ 1,3 ]'],
    'the last taken out': ['[ 1 , 2,3 ]', { 2: null }, [], '[ 1 , 2 ]'],
    'all taken out': ['[ 1 , 2\n]', { 0: null, 1: null }, [], '[ \n]'],
    'one added': ['[ 1 ,  2\n]', {}, ['3'], '[ 1 ,  2 ,  3\n]'],
    'several added to one': ['[\n 1\n]', {}, ['2', '3'], '[\n 1,\n 2,\n 3\n]'],
    'all taken out and some added': ['[ 1 , 2\n]', { 0: null, 1: null }, ['3', '4'], '[ 3 , 4\n]'],
    'some added to none': ['[ ]', {}, ['1', '2'], '[1,2 ]'],
  };
  test.each(Object.entries(cases))('%s', (_, [text, edits, added, result]) => {
    const elements = arrayElements(text, 0);
    expect(editArray(text, { start: 0, end: text.length }, elements, (index) => edits[index], added)).toBe(result);
  });
});
