import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../../../package.json' with { type: 'json' };
import { openApiDocument } from '../../../src/service/openapi.ts';
import { ROUTES, type Route } from '../../../src/service/routes.ts';

const page = fileURLToPath(new URL('../../../docs/openapi.json', import.meta.url));
const made = openApiDocument(packageJson.version);

/** The HTTP events of serverless.yml, by method and path. */
async function deployed(): Promise<Map<string, { authorizer: unknown; handler: string }>> {
  const service = parse(await readFile(new URL('../../../serverless.yml', import.meta.url), 'utf8'), { logLevel: 'error' }) as {
    functions: Record<string, { handler: string; events?: { httpApi?: { method: string; path: string; authorizer: unknown } }[] }>;
  };
  return new Map(
    Object.values(service.functions).flatMap(({ handler, events = [] }) =>
      events.flatMap(({ httpApi }) =>
        httpApi === undefined ? [] : [[`${httpApi.method} ${httpApi.path}`, { authorizer: httpApi.authorizer, handler }] as const],
      ),
    ),
  );
}

describe('docs/openapi.json', () => {
  it('is what the schemas of the functions make (npm run openapi writes it)', async () => {
    await expect(`${JSON.stringify(made, null, 2)}\n`).toMatchFileSnapshot(page);
  });

  it('is a valid document of OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(made));
    expect(result.errors ?? []).toEqual([]);
    expect([result.valid, validator.version]).toEqual([true, '3.1']);
    expect(() => validator.resolveRefs()).not.toThrow();
  });

  it('has every path that is deployed, and no other', async () => {
    const paths = made.paths as Record<string, Record<string, unknown>>;
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = await deployed();
    expect(documented.sort()).toEqual([...routes.keys()].sort());
    expect(documented.sort()).toEqual(
      Object.values<Route>(ROUTES)
        .map(({ method, template }) => `${method} ${template}`)
        .sort(),
    );
  });

  it('describes what each deployed function serves, behind IAM', async () => {
    const routes = await deployed();
    for (const { method, template, operationId } of Object.values<Route>(ROUTES)) {
      const { handler, authorizer } = routes.get(`${method} ${template}`) ?? { handler: '' };
      expect(authorizer).toEqual({ type: 'aws_iam' });
      const file = `functions/api/${operationId.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      expect(handler).toBe(`${file}.handler`);
      const source = await readFile(new URL(`../../../${file}.ts`, import.meta.url), 'utf8');
      expect(source).toContain(`(ROUTES.${operationId}, ${operationId})`);
    }
  });

  it('names every operation, and every path parameter', () => {
    const operations = Object.entries(
      made.paths as Record<string, Record<string, { operationId: string; parameters: { name: string; in: string }[] }>>,
    );
    const ids = operations.flatMap(([, methods]) => Object.values(methods).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, methods] of operations) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters } of Object.values(methods)) {
        expect(parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)).toEqual(wanted);
      }
    }
  });
});
