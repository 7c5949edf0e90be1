// The island as one file among the pages' static ones; the same sources give the same bytes.
import { build } from "esbuild";

await build({
  entryPoints: { editor: "src/main.js" },
  outdir: "../airflow_dataops/web/static/built",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  legalComments: "none",
  banner: { js: "/* CodeMirror, MIT licence, Marijn Haverbeke and others; see codemirror.net */" },
});
