// Bundles the libraries into ../assets/vendor/, with the licences of all that is in a bundle.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const vendor = new URL("../assets/vendor/", import.meta.url).pathname;
const { metafile } = await build({
  entryPoints: ["charts.js", "graphs.js"],
  outdir: vendor,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  legalComments: "none",
  metafile: true,
});
const inputs = Object.keys(metafile.inputs).map((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]);
const licences = [...new Set(inputs.filter(Boolean))].sort().map((name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf-8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const others = (existsSync(`${folder}/dist`) ? readdirSync(`${folder}/dist`, { withFileTypes: true }) : [])
    .filter((each) => each.name.endsWith(".esm.js.LEGAL.txt"))
    .map((each) => readFileSync(`${folder}/dist/${each.name}`, "utf-8").trim());
  const text = file ? readFileSync(`${folder}/${file}`, "utf-8").trim() : "";
  return `${name} ${version} (${license})\n\n${[text, ...others].join("\n\n")}\n`;
});
writeFileSync(`${vendor}LICENSES.txt`, licences.join(`\n${"-".repeat(80)}\n\n`));
