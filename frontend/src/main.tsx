// What all views share comes first: the styles of a component may change it.
import "./base.css";
import "./components/controls.css";
import "./components/list-table.css";
import "./panel.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { SessionStore } from "./api/session";
import { App } from "./app";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root.");
createRoot(root).render(
  <StrictMode>
    <App sessions={new SessionStore(window)} />
  </StrictMode>,
);
