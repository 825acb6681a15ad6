/**
 * Plugin of serverless-esbuild, which would read the same thousand files again for every function. This builds all
 * functions in one go, each a file of its own with the code that it can reach and no other; what serverless-esbuild then
 * writes for a function is replaced by that file.
 */
const { readFile, writeFile } = require('node:fs/promises');
const { basename, extname, join, relative, resolve } = require('node:path');
const esbuild = require('esbuild');

/**
 * What is taken of libraries that do not let themselves be taken apart: an export that one of them lacks is an error of the
 * build. zod has the languages of the world.
 */
const DOORS = [['zod/v4/locales/index.js', "export { default as en } from './en.js';"]];

const doors = {
  name: 'doors',
  setup(build) {
    for (const [file, contents] of DOORS) {
      const path = new RegExp(`/node_modules/${file.replaceAll('.', '\\.')}$`);
      build.onLoad({ filter: path }, () => ({ contents, loader: 'js' }));
    }
    // Besides its client, each package of the AWS SDK has a class with a method for every operation, which brings all of them.
    build.onLoad({ filter: /\/@aws-sdk\/client-[a-z0-9-]+\/dist-es\/[A-Z]\w*\.js$/ }, ({ path }) =>
      path.endsWith('Client.js') ? undefined : { contents: '', loader: 'js' },
    );
    // It does not say of itself that it does nothing when it is loaded.
    build.onResolve({ filter: /^yaml$/ }, async ({ path, pluginData, ...from }) =>
      pluginData === 'yaml' ? undefined : { ...(await build.resolve(path, { ...from, pluginData: 'yaml' })), sideEffects: false },
    );
    // Of a namespace esbuild keeps what is used; of the object `z`, which holds the same, it keeps everything.
    build.onLoad({ filter: /\/(functions|src)\/[^/]+(\/[^/]+)*\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace("import { z } from 'zod'", "import * as z from 'zod'"),
      loader: 'ts',
    }));
  },
};

module.exports = (serverless) => {
  const root = serverless.config.servicePath;
  const entryPoints = Object.values(serverless.service.functions).map(({ handler }) =>
    join(root, `${handler.slice(0, handler.lastIndexOf('.'))}.ts`),
  );
  let bundles;
  return [
    {
      name: 'one-build',
      setup(build) {
        const {
          plugins: _plugins,
          entryPoints: [entry],
          ...options
        } = build.initialOptions;
        build.onStart(async () => {
          // Each file lies in the build's folder as its function does in the service's: functions of two folders may share a name.
          const layout = { outbase: root, outdir: root };
          bundles ??= esbuild.build({ ...options, ...layout, entryPoints: [...new Set(entryPoints)], plugins: [doors], write: false });
          const { errors } = await bundles;
          return { errors };
        });
        build.onLoad({ filter: /\.ts$/ }, () => ({ contents: '', loader: 'js' }));
        build.onEnd(async () => {
          const { outputFiles } = await bundles;
          const name = `${basename(entry, extname(entry))}${options.outExtension['.js']}`;
          const built = join(root, relative(root, resolve(root, entry)), '..', name);
          const file = outputFiles.find(({ path }) => path === built);
          await writeFile(join(options.outdir, name), file.contents);
        });
      },
    },
  ];
};
