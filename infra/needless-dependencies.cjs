/**
 * Serverless plugin: takes out of each resource's DependsOn what its properties refer to anyway. The framework writes both,
 * and cfn-lint finds it (W3005).
 */
class NeedlessDependencies {
  constructor(serverless) {
    this.hooks = {
      'after:aws:package:finalize:mergeCustomProviderResources': () => {
        const { Resources } = serverless.service.provider.compiledCloudFormationTemplate;
        for (const resource of Object.values(Resources)) tidy(resource);
      },
    };
  }
}

function tidy(resource) {
  if (resource.DependsOn === undefined) return;
  const referred = new Set(references(resource.Properties));
  const needed = [resource.DependsOn].flat().filter((id) => !referred.has(id));
  if (needed.length > 0) resource.DependsOn = needed;
  else delete resource.DependsOn;
}

/** The resources that a value refers to by Ref, Fn::GetAtt or Fn::Sub. */
function references(value) {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref') return [inner];
    if (key === 'Fn::GetAtt') return [[inner].flat()[0].split('.')[0]];
    const [text, values] = key === 'Fn::Sub' ? [inner].flat() : [];
    const placed = typeof text === 'string' ? [...text.matchAll(/\$\{(\w+)/g)].map(([, id]) => id) : [];
    return [...placed, ...references(key === 'Fn::Sub' ? values : inner)];
  });
}

module.exports = NeedlessDependencies;
