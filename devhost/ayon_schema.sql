-- The part of AYON's database that the devhost needs, with AYON's names and keys.
--
-- Two named sections: `public` is applied once to a database, `project` once to the
-- schema of each new project, with that schema alone on the search path.
-- Left out: full-text indexes, activities, links, views, entity lists and thumbnails'
-- contents, none of which Site Sync touches.

-- section: public

CREATE TABLE public.config(
  key VARCHAR NOT NULL PRIMARY KEY,
  value JSONB NOT NULL DEFAULT '{}'::JSONB
);

CREATE TABLE public.projects(
  name VARCHAR NOT NULL PRIMARY KEY,
  label VARCHAR,
  code VARCHAR NOT NULL,
  library BOOLEAN NOT NULL DEFAULT FALSE,
  config JSONB NOT NULL DEFAULT '{}'::JSONB,
  attrib JSONB NOT NULL DEFAULT '{}'::JSONB,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  created_at TIMESTAMPTZ DEFAULT NOW(),
  updated_at TIMESTAMPTZ DEFAULT NOW()
);
CREATE UNIQUE INDEX projectname_idx ON public.projects(LOWER(name));
CREATE UNIQUE INDEX projectcode_idx ON public.projects(LOWER(code));
CREATE UNIQUE INDEX projectlabel_idx ON public.projects(LOWER(label));

CREATE TABLE public.users(
  name VARCHAR NOT NULL PRIMARY KEY,
  attrib JSONB NOT NULL DEFAULT '{}'::JSONB,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  created_at TIMESTAMPTZ DEFAULT NOW(),
  updated_at TIMESTAMPTZ DEFAULT NOW()
);
CREATE UNIQUE INDEX username_idx ON public.users(LOWER(name));

CREATE TABLE public.events(
  id UUID NOT NULL PRIMARY KEY,
  hash VARCHAR NOT NULL,
  topic VARCHAR NOT NULL,
  sender VARCHAR,
  sender_type VARCHAR,
  project_name VARCHAR,
  user_name VARCHAR,
  depends_on UUID REFERENCES public.events(id),
  status VARCHAR NOT NULL DEFAULT 'finished' CHECK (status IN (
    'pending', 'in_progress', 'finished', 'failed', 'aborted', 'restarted'
  )),
  retries INTEGER NOT NULL DEFAULT 0,
  description TEXT NOT NULL DEFAULT '',
  summary JSONB NOT NULL DEFAULT '{}'::JSONB,
  payload JSONB NOT NULL DEFAULT '{}'::JSONB,
  created_at TIMESTAMPTZ DEFAULT NOW(),
  updated_at TIMESTAMPTZ DEFAULT NOW(),
  creation_order SERIAL NOT NULL
);
CREATE UNIQUE INDEX unique_event_hash ON public.events(hash);
CREATE UNIQUE INDEX unique_creation_order ON public.events(creation_order);

CREATE TABLE public.bundles(
  name VARCHAR NOT NULL PRIMARY KEY,
  is_production BOOLEAN NOT NULL DEFAULT FALSE,
  is_staging BOOLEAN NOT NULL DEFAULT FALSE,
  is_archived BOOLEAN NOT NULL DEFAULT FALSE,
  is_dev BOOLEAN NOT NULL DEFAULT FALSE,
  active_user VARCHAR REFERENCES public.users(name)
    ON DELETE SET NULL ON UPDATE CASCADE,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  created_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);
CREATE UNIQUE INDEX bundle_production_idx ON public.bundles(is_production)
  WHERE is_production;
CREATE UNIQUE INDEX bundle_staging_idx ON public.bundles(is_staging) WHERE is_staging;

CREATE TABLE public.sites(
  id VARCHAR NOT NULL PRIMARY KEY,
  data JSONB NOT NULL DEFAULT '{}'::JSONB
);

CREATE TABLE public.access_groups(
  name VARCHAR NOT NULL PRIMARY KEY,
  data JSONB NOT NULL DEFAULT '{}'::JSONB
);

CREATE TABLE public.attributes(
  name VARCHAR NOT NULL PRIMARY KEY,
  position INTEGER,
  scope VARCHAR[],
  builtin BOOLEAN NOT NULL DEFAULT FALSE,
  data JSONB NOT NULL DEFAULT '{}'::JSONB
);

CREATE TABLE public.settings(
  addon_name VARCHAR NOT NULL,
  addon_version VARCHAR NOT NULL,
  variant VARCHAR NOT NULL DEFAULT 'production',
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  PRIMARY KEY (addon_name, addon_version, variant)
);

CREATE TABLE public.site_settings(
  addon_name VARCHAR NOT NULL,
  addon_version VARCHAR NOT NULL,
  site_id VARCHAR NOT NULL REFERENCES public.sites(id) ON DELETE CASCADE,
  user_name VARCHAR NOT NULL REFERENCES public.users(name)
    ON DELETE CASCADE ON UPDATE CASCADE,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  PRIMARY KEY (addon_name, addon_version, site_id, user_name)
);

CREATE TABLE public.addon_data(
  addon_name VARCHAR NOT NULL,
  addon_version VARCHAR NOT NULL,
  key VARCHAR NOT NULL,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  PRIMARY KEY (addon_name, addon_version, key)
);

CREATE TABLE public.secrets(
  name VARCHAR NOT NULL PRIMARY KEY,
  value VARCHAR NOT NULL
);

-- section: project

CREATE TABLE thumbnails(
  id UUID NOT NULL PRIMARY KEY,
  mime VARCHAR NOT NULL,
  data BYTEA NOT NULL,
  meta JSONB NOT NULL DEFAULT '{}'::JSONB,
  created_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);

CREATE TABLE task_types(
  name VARCHAR NOT NULL PRIMARY KEY CHECK (name != ''),
  position INTEGER NOT NULL DEFAULT 0,
  data JSONB NOT NULL DEFAULT '{}'::JSONB
);
CREATE UNIQUE INDEX task_types_ci_name_unique ON task_types(LOWER(name));

CREATE TABLE folder_types(
  name VARCHAR NOT NULL PRIMARY KEY CHECK (name != ''),
  position INTEGER NOT NULL DEFAULT 0,
  data JSONB NOT NULL DEFAULT '{}'::JSONB
);
CREATE UNIQUE INDEX folder_types_ci_name_unique ON folder_types(LOWER(name));

CREATE TABLE statuses(
  name VARCHAR NOT NULL PRIMARY KEY CHECK (name != ''),
  position INTEGER NOT NULL DEFAULT 0,
  data JSONB NOT NULL DEFAULT '{}'::JSONB
);
CREATE UNIQUE INDEX statuses_ci_name_unique ON statuses(LOWER(name));

CREATE TABLE tags(
  name VARCHAR NOT NULL PRIMARY KEY,
  position INTEGER NOT NULL DEFAULT 0,
  data JSONB NOT NULL DEFAULT '{}'::JSONB
);

CREATE TABLE folders(
  id UUID NOT NULL PRIMARY KEY,
  name VARCHAR NOT NULL,
  label VARCHAR,
  folder_type VARCHAR NOT NULL REFERENCES folder_types(name) ON UPDATE CASCADE,
  parent_id UUID REFERENCES folders(id) ON DELETE CASCADE,
  thumbnail_id UUID REFERENCES thumbnails(id) ON DELETE SET NULL,
  attrib JSONB NOT NULL DEFAULT '{}'::JSONB,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  status VARCHAR NOT NULL REFERENCES statuses(name) ON UPDATE CASCADE,
  tags VARCHAR[] NOT NULL DEFAULT ARRAY[]::VARCHAR[],
  active BOOLEAN NOT NULL DEFAULT TRUE,
  created_at TIMESTAMPTZ DEFAULT NOW(),
  updated_at TIMESTAMPTZ DEFAULT NOW(),
  created_by VARCHAR,
  updated_by VARCHAR,
  creation_order SERIAL NOT NULL
);
CREATE INDEX folder_parent_idx ON folders(parent_id);
CREATE INDEX folder_thumbnail_idx ON folders(thumbnail_id);
CREATE INDEX folder_type_idx ON folders(folder_type);
CREATE INDEX folder_status_idx ON folders(status);
CREATE INDEX folder_attrib_idx ON folders USING gin(attrib);
CREATE UNIQUE INDEX folder_creation_order_idx ON folders(creation_order);
CREATE UNIQUE INDEX folder_unique_name_parent ON folders(parent_id, LOWER(name))
  WHERE (active IS TRUE AND parent_id IS NOT NULL);
CREATE UNIQUE INDEX folder_root_unique_name ON folders(LOWER(name))
  WHERE (active IS TRUE AND parent_id IS NULL);

-- `a/b/c`, no leading slash. Refreshed whenever folders change.
CREATE MATERIALIZED VIEW hierarchy AS
  WITH RECURSIVE paths AS (
    SELECT id, name::TEXT AS path FROM folders WHERE parent_id IS NULL
    UNION ALL
    SELECT f.id, p.path || '/' || f.name FROM folders f JOIN paths p ON f.parent_id = p.id
  )
  SELECT id, path FROM paths;
CREATE UNIQUE INDEX hierarchy_id ON hierarchy(id);
CREATE INDEX hierarchy_path_idx ON hierarchy(path);

CREATE TABLE exported_attributes(
  folder_id UUID NOT NULL PRIMARY KEY REFERENCES folders(id) ON DELETE CASCADE,
  path VARCHAR NOT NULL,
  attrib JSONB NOT NULL DEFAULT '{}'::JSONB
);

CREATE TABLE tasks(
  id UUID NOT NULL PRIMARY KEY,
  name VARCHAR NOT NULL,
  label VARCHAR,
  folder_id UUID NOT NULL REFERENCES folders(id) ON DELETE CASCADE,
  task_type VARCHAR REFERENCES task_types(name) ON UPDATE CASCADE,
  assignees VARCHAR[] NOT NULL DEFAULT ARRAY[]::VARCHAR[],
  thumbnail_id UUID REFERENCES thumbnails(id) ON DELETE SET NULL,
  attrib JSONB NOT NULL DEFAULT '{}'::JSONB,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  status VARCHAR NOT NULL REFERENCES statuses(name) ON UPDATE CASCADE,
  tags VARCHAR[] NOT NULL DEFAULT ARRAY[]::VARCHAR[],
  created_at TIMESTAMPTZ DEFAULT NOW(),
  updated_at TIMESTAMPTZ DEFAULT NOW(),
  created_by VARCHAR,
  updated_by VARCHAR,
  creation_order SERIAL NOT NULL
);
CREATE INDEX task_parent_idx ON tasks(folder_id);
CREATE INDEX task_assignees_idx ON tasks USING gin(assignees);
CREATE UNIQUE INDEX task_creation_order_idx ON tasks(creation_order);
CREATE UNIQUE INDEX task_unique_name ON tasks(folder_id, LOWER(name))
  WHERE (active IS TRUE);

CREATE TABLE products(
  id UUID NOT NULL PRIMARY KEY,
  name VARCHAR NOT NULL,
  folder_id UUID NOT NULL REFERENCES folders(id),
  product_type VARCHAR NOT NULL,
  product_base_type VARCHAR NULL,
  attrib JSONB NOT NULL DEFAULT '{}'::JSONB,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  status VARCHAR NOT NULL REFERENCES statuses(name) ON UPDATE CASCADE,
  tags VARCHAR[] NOT NULL DEFAULT ARRAY[]::VARCHAR[],
  created_at TIMESTAMPTZ DEFAULT NOW(),
  updated_at TIMESTAMPTZ DEFAULT NOW(),
  created_by VARCHAR,
  updated_by VARCHAR,
  creation_order SERIAL NOT NULL
);
CREATE INDEX product_parent_idx ON products(folder_id);
CREATE INDEX product_type_idx ON products(product_type);
CREATE INDEX product_base_type_idx ON products(product_base_type);
CREATE INDEX product_status_idx ON products(status);
CREATE INDEX product_attrib_idx ON products USING gin(attrib);
CREATE UNIQUE INDEX product_creation_order_idx ON products(creation_order);
CREATE UNIQUE INDEX product_unique_name_parent ON products(folder_id, LOWER(name))
  WHERE (active IS TRUE);

CREATE TABLE versions(
  id UUID NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  product_id UUID NOT NULL REFERENCES products(id) ON DELETE CASCADE,
  task_id UUID REFERENCES tasks(id) ON DELETE SET NULL,
  thumbnail_id UUID REFERENCES thumbnails(id) ON DELETE SET NULL,
  author VARCHAR,
  attrib JSONB NOT NULL DEFAULT '{}'::JSONB,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  status VARCHAR NOT NULL REFERENCES statuses(name) ON UPDATE CASCADE,
  tags VARCHAR[] NOT NULL DEFAULT ARRAY[]::VARCHAR[],
  created_at TIMESTAMPTZ DEFAULT NOW(),
  updated_at TIMESTAMPTZ DEFAULT NOW(),
  created_by VARCHAR,
  updated_by VARCHAR,
  creation_order SERIAL NOT NULL
);
CREATE INDEX version_parent_idx ON versions(product_id);
CREATE INDEX version_task_id_idx ON versions(task_id);
CREATE INDEX version_status_idx ON versions(status);
CREATE INDEX version_attrib_idx ON versions USING gin(attrib);
CREATE UNIQUE INDEX version_creation_order_idx ON versions(creation_order);
CREATE UNIQUE INDEX version_unique_version_parent ON versions(product_id, version)
  WHERE (active IS TRUE);

CREATE MATERIALIZED VIEW version_list AS
  SELECT product_id,
    array_agg(id ORDER BY version) AS ids,
    array_agg(version ORDER BY version) AS versions
  FROM versions GROUP BY product_id;
CREATE UNIQUE INDEX version_list_id ON version_list(product_id);

CREATE TABLE representations(
  id UUID NOT NULL PRIMARY KEY,
  name VARCHAR NOT NULL,
  version_id UUID NOT NULL REFERENCES versions(id) ON DELETE CASCADE,
  files JSONB NOT NULL DEFAULT '[]'::JSONB,
  attrib JSONB NOT NULL DEFAULT '{}'::JSONB,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  traits JSONB,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  status VARCHAR NOT NULL REFERENCES statuses(name) ON UPDATE CASCADE,
  tags VARCHAR[] NOT NULL DEFAULT ARRAY[]::VARCHAR[],
  created_at TIMESTAMPTZ DEFAULT NOW(),
  updated_at TIMESTAMPTZ DEFAULT NOW(),
  created_by VARCHAR,
  updated_by VARCHAR,
  creation_order SERIAL NOT NULL
);
CREATE INDEX representation_parent_idx ON representations(version_id);
CREATE INDEX representation_status_idx ON representations(status);
CREATE INDEX representation_attrib_idx ON representations USING gin(attrib);
CREATE UNIQUE INDEX representation_unique_name_on_version
  ON representations(version_id, LOWER(name)) WHERE (active IS TRUE);
CREATE UNIQUE INDEX representation_creation_order_idx ON representations(creation_order);

CREATE TABLE workfiles(
  id UUID NOT NULL PRIMARY KEY,
  path VARCHAR NOT NULL UNIQUE,
  task_id UUID NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
  thumbnail_id UUID REFERENCES thumbnails(id) ON DELETE SET NULL,
  attrib JSONB NOT NULL DEFAULT '{}'::JSONB,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  status VARCHAR NOT NULL REFERENCES statuses(name) ON UPDATE CASCADE,
  tags VARCHAR[] NOT NULL DEFAULT ARRAY[]::VARCHAR[],
  created_at TIMESTAMPTZ DEFAULT NOW(),
  updated_at TIMESTAMPTZ DEFAULT NOW(),
  created_by VARCHAR,
  updated_by VARCHAR,
  creation_order SERIAL NOT NULL
);

CREATE TABLE access_groups(
  name VARCHAR NOT NULL PRIMARY KEY
    REFERENCES public.access_groups(name) ON DELETE CASCADE,
  data JSONB NOT NULL DEFAULT '{}'::JSONB
);

CREATE TABLE settings(
  addon_name VARCHAR NOT NULL,
  addon_version VARCHAR NOT NULL,
  variant VARCHAR NOT NULL DEFAULT 'production',
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  PRIMARY KEY (addon_name, addon_version, variant)
);

CREATE TABLE project_site_settings(
  addon_name VARCHAR NOT NULL,
  addon_version VARCHAR NOT NULL,
  site_id VARCHAR,
  user_name VARCHAR,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  PRIMARY KEY (addon_name, addon_version, site_id, user_name)
);

CREATE TABLE addon_data(
  addon_name VARCHAR NOT NULL,
  addon_version VARCHAR NOT NULL,
  key VARCHAR NOT NULL,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  PRIMARY KEY (addon_name, addon_version, key)
);

CREATE TABLE custom_roots(
  site_id VARCHAR NOT NULL,
  user_name VARCHAR NOT NULL,
  data JSONB NOT NULL DEFAULT '{}'::JSONB,
  PRIMARY KEY (site_id, user_name)
);
