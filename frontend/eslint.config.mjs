import js from "@eslint/js";
import checkFile from "eslint-plugin-check-file";
import { createNodeResolver, importX } from "eslint-plugin-import-x";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const features = [
  "detail",
  "filters",
  "overview",
  "project-actions",
  "projects",
  "representations",
  "sites",
  "summary",
  "transfers",
  "verbs",
];

const above = (...folders) => [
  ...folders.map((folder) => `./src/${folder}/**/*`),
  "./src/*.{ts,tsx}",
];

/** components, lib, domain and api are below features, features below app. */
const zones = [
  {
    target: "./src/domain",
    from: "./src",
    except: ["./domain", "./api/generated.ts"],
    message: "domain is plain data and rules: it imports nothing of ours.",
  },
  {
    target: "./src/lib",
    from: above("api", "components", "features"),
    message: "lib knows nothing of the panel.",
  },
  {
    target: "./src/api",
    from: above("components", "features"),
    message: "api is below components and features.",
  },
  {
    target: "./src/components",
    from: above("features"),
    message: "components show what they are given: no requests.",
  },
  {
    target: "./src/features",
    from: "./src/*.{ts,tsx}",
    message: "The app composes features, not the other way round.",
  },
  ...features.map((name) => ({
    target: `./src/features/${name}`,
    from: "./src/features",
    except: [`./${name}`],
    message: "Features do not import each other.",
  })),
];

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/generated.ts"] },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/consistent-type-definitions": ["error", "type"],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true },
      ],
    },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "import-x": importX, "check-file": checkFile },
    extends: [
      reactHooks.configs.flat["recommended-latest"],
      jsxA11y.flatConfigs.strict,
    ],
    settings: {
      "import-x/resolver-next": [
        createNodeResolver({ extensions: [".ts", ".tsx", ".js"] }),
      ],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts", ".tsx"] },
      "import-x/extensions": [".ts", ".tsx"],
    },
    rules: {
      // Warns of libraries that React's compiler leaves out; we do not use it.
      "react-hooks/incompatible-library": "off",
      "import-x/no-cycle": "error",
      "import-x/no-default-export": "error",
      "import-x/no-restricted-paths": ["error", { zones }],
      "check-file/filename-naming-convention": [
        "error",
        { "**/*.{ts,tsx}": "KEBAB_CASE" },
        { ignoreMiddleExtensions: true },
      ],
      "check-file/folder-naming-convention": ["error", { "src/**/": "KEBAB_CASE" }],
      // A barrel hides what is loaded and makes cycles.
      "no-restricted-syntax": [
        "error",
        { selector: "ExportAllDeclaration", message: "No barrels." },
        {
          selector: "ExportNamedDeclaration[source]",
          message: "No barrels: import from where it is written.",
        },
      ],
    },
  },
  {
    // Only tests see the test kit.
    files: ["src/**/*.{ts,tsx}"],
    ignores: ["src/testing/**", "src/**/*.test.{ts,tsx}"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["**/testing/*"], message: "Tests only." }] },
      ],
    },
  },
);
