import "./styles.css";
import "./table.css";
import "./views.css";

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
