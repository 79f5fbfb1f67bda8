// three.js without what this page never draws with: no textures, shadows, environments, morphs, headsets or
// physical materials. Those modules become the little that the renderer asks of them, and the pieces of shaders
// that nothing includes become empty. A module that is no longer where it was stops the build.

import type { Plugin } from "vite";

const NOTHING = "() => {}";

const MODULES: Readonly<Record<string, string>> = {
  "renderers/webxr/WebXRManager.js": `export class WebXRManager {
    enabled = false; isPresenting = false; cameraAutoUpdate = true;
    addEventListener() {} removeEventListener() {} setAnimationLoop() {} dispose() {}
    getEnvironmentBlendMode() {} hasDepthSensing() { return false; }
  }`,
  "renderers/webgl/WebGLShadowMap.js": `export function WebGLShadowMap() {
    return { enabled: false, autoUpdate: true, needsUpdate: false, type: 1, render: ${NOTHING} };
  }`,
  "renderers/webgl/WebGLEnvironments.js": `export function WebGLEnvironments() {
    return { get: () => null, dispose: ${NOTHING} };
  }`,
  "renderers/webgl/WebGLMorphtargets.js": `export function WebGLMorphtargets() { return { update: ${NOTHING} }; }`,
  "renderers/webgl/WebGLOutput.js": "export class WebGLOutput {}",
  "renderers/webgl/WebGLUniformsGroups.js": `export function WebGLUniformsGroups() {
    return { bind: ${NOTHING}, update: ${NOTHING}, dispose: ${NOTHING} };
  }`,
  "renderers/webgl/WebGLTextures.js": `export function WebGLTextures() {
    const none = ${NOTHING};
    return {
      getTextureUnits: () => [], setTextureUnits: none, resetTextureUnits: none, allocateTextureUnit: () => 0,
      setTexture2D: none, setTexture2DArray: none, setTexture3D: none, setTextureCube: none,
      rebindTextures: none, setupRenderTarget: none, updateRenderTargetMipmap: none,
      updateMultisampleRenderTarget: none, setupDepthRenderbuffer: none, setupFrameBufferTexture: none,
      useMultisampledRTT: () => false, dispose: none,
    };
  }`,
  "renderers/shaders/DFGLUTData.js": "export function getDFGLUT() { return null; }",
};

/** What the materials in use include and something of which is ever switched on. */
const CHUNKS = new Set(
  `begin_vertex beginnormal_vertex color_fragment color_pars_fragment color_pars_vertex color_vertex
  colorspace_fragment colorspace_pars_fragment common defaultnormal_vertex fog_fragment fog_pars_fragment
  fog_pars_vertex fog_vertex lights_fragment_begin lights_fragment_end lights_lambert_fragment
  lights_lambert_pars_fragment lights_pars_begin bsdfs normal_fragment_begin normal_pars_fragment
  normal_pars_vertex normal_vertex opaque_fragment premultiplied_alpha_fragment project_vertex
  specularmap_fragment`.split(/\s+/),
);

const MATERIALS = new Set(["meshbasic", "meshlambert"]);

/** Comments and indentation of a shader are for people. */
function bare(code: string): string {
  return code.replace(/\/\* glsl \*\/`([^`]*)`/g, (_, text: string) => {
    const lines = text
      .replace(/\/\*[\s\S]*?\*\//g, "")
      .split("\n")
      .map((line) => line.replace(/\/\/.*/, "").trim());
    return `\`${lines.filter((line) => line !== "").join("\n")}\``;
  });
}

export function slimThree(): Plugin {
  const met = new Set<string>();
  const shader = /three\/src\/renderers\/shaders\/Shader(Chunk|Lib)\/(\w+)\.glsl\.js$/;
  return {
    name: "slim-three",
    apply: "build",
    enforce: "pre",
    resolveId(id, importer) {
      return id === "three" ? this.resolve("three/src/Three.js", importer) : null;
    },
    load(id) {
      const path = id.replaceAll("\\", "/").split("three/src/")[1];
      if (path === undefined || MODULES[path] === undefined) return null;
      met.add(path);
      return MODULES[path];
    },
    transform(code, id) {
      const found = shader.exec(id.replaceAll("\\", "/"));
      if (found === null) return null;
      const [, kind, name] = found as unknown as [string, string, string];
      if (kind === "Lib") return MATERIALS.has(name) ? bare(code) : code.replace(/`[^`]*`/g, "``");
      met.add(name);
      return CHUNKS.has(name) ? bare(code) : code.replace(/`[^`]*`/g, "``");
    },
    buildEnd() {
      if (met.size === 0) return; // three was not part of it
      for (const name of [...Object.keys(MODULES), ...CHUNKS])
        if (!met.has(name)) this.error(`slim-three.ts speaks of ${name}, which three.js has no more.`);
    },
  };
}
