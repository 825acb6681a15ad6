/**
 * Plugin of serverless-esbuild, which would build every function on its own: the same six megabytes thirty times over.
 * This builds all of them once, with the code that they share in chunks; what serverless-esbuild then builds for a
 * function is one line that passes its handler on.
 */
const { basename, join } = require('node:path');
const esbuild = require('esbuild');

module.exports = (serverless) => {
  const entryPoints = Object.values(serverless.service.functions).map(({ handler }) =>
    join(serverless.config.servicePath, `${handler.slice(0, handler.lastIndexOf('.'))}.ts`),
  );
  let shared;
  return [
    {
      name: 'shared-bundle',
      setup(build) {
        const { plugins: _plugins, entryPoints: _entryPoints, outdir, ...options } = build.initialOptions;
        build.onStart(async () => {
          shared ??= esbuild.build({ ...options, entryPoints, outdir: join(outdir, 'bundle'), splitting: true });
          const { errors } = await shared;
          return { errors };
        });
        build.onResolve({ filter: /^\.\/bundle\// }, ({ path }) => ({ path, external: true }));
        build.onLoad({ filter: /\.ts$/ }, ({ path }) => ({
          contents: `export { handler } from './bundle/${basename(path, '.ts')}.mjs';`,
          loader: 'js',
        }));
      },
    },
  ];
};
