SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA golden;
CREATE FUNCTION golden.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE golden.acts (
    id integer NOT NULL,
    at double precision NOT NULL,
    who text NOT NULL,
    kind text NOT NULL,
    why text NOT NULL,
    detail text NOT NULL,
    CONSTRAINT ck_acts_kind CHECK ((kind = ANY (ARRAY['pause'::text, 'resume'::text, 'stop'::text, 'add'::text, 'exclude'::text, 'change'::text, 'end'::text])))
);
CREATE SEQUENCE golden.acts_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE golden.acts_id_seq OWNED BY golden.acts.id;
CREATE TABLE golden.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE golden.artifacts (
    id integer NOT NULL,
    iteration integer,
    name text NOT NULL,
    sha256 text NOT NULL,
    path text NOT NULL,
    at double precision NOT NULL,
    CONSTRAINT ck_artifacts_sha256 CHECK ((length(sha256) = 64))
);
CREATE SEQUENCE golden.artifacts_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE golden.artifacts_id_seq OWNED BY golden.artifacts.id;
CREATE TABLE golden.campaign (
    id integer NOT NULL,
    name text NOT NULL,
    config text NOT NULL,
    config_digest text NOT NULL,
    seed bigint NOT NULL,
    code_version text NOT NULL,
    created double precision NOT NULL,
    CONSTRAINT ck_campaign_one_row CHECK ((id = 1))
);
CREATE SEQUENCE golden.campaign_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE golden.campaign_id_seq OWNED BY golden.campaign.id;
CREATE TABLE golden.data_events (
    id integer NOT NULL,
    at double precision NOT NULL,
    who text NOT NULL,
    kind text NOT NULL,
    why text NOT NULL,
    detail text NOT NULL,
    CONSTRAINT ck_data_events_kind CHECK ((kind = ANY (ARRAY['start'::text, 'campaign'::text, 'add'::text, 'withdraw'::text, 'correct'::text])))
);
CREATE SEQUENCE golden.data_events_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE golden.data_events_id_seq OWNED BY golden.data_events.id;
CREATE TABLE golden.facts (
    id integer NOT NULL,
    last_iteration integer,
    reference_point text,
    code_versions text NOT NULL,
    CONSTRAINT ck_facts_one_row CHECK ((id = 1))
);
CREATE SEQUENCE golden.facts_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE golden.facts_id_seq OWNED BY golden.facts.id;
CREATE TABLE golden.iterations (
    index integer NOT NULL,
    state text NOT NULL,
    started double precision NOT NULL,
    finished double precision,
    notes text NOT NULL,
    CONSTRAINT ck_iterations_finished CHECK (((state = 'closed'::text) = (finished IS NOT NULL))),
    CONSTRAINT ck_iterations_index CHECK ((index >= 0)),
    CONSTRAINT ck_iterations_state CHECK ((state = ANY (ARRAY['proposing'::text, 'validating'::text, 'closed'::text])))
);
CREATE TABLE golden.job_events (
    id integer NOT NULL,
    key text NOT NULL,
    at double precision NOT NULL,
    from_state text,
    to_state text NOT NULL,
    owner text,
    note text NOT NULL,
    error_class text,
    CONSTRAINT ck_job_events_from CHECK ((from_state = ANY (ARRAY['held'::text, 'queued'::text, 'running'::text, 'retry_wait'::text, 'needs_review'::text, 'awaiting_human'::text, 'done'::text, 'failed'::text, 'cancelled'::text]))),
    CONSTRAINT ck_job_events_to CHECK ((to_state = ANY (ARRAY['held'::text, 'queued'::text, 'running'::text, 'retry_wait'::text, 'needs_review'::text, 'awaiting_human'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
);
CREATE SEQUENCE golden.job_events_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE golden.job_events_id_seq OWNED BY golden.job_events.id;
CREATE TABLE golden.jobs (
    key text NOT NULL,
    design text NOT NULL,
    validator text NOT NULL,
    fingerprint text NOT NULL,
    nonce text NOT NULL,
    by_hand boolean NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    retries integer NOT NULL,
    deaths integer NOT NULL,
    not_before double precision,
    error_class text,
    message text,
    created double precision NOT NULL,
    updated double precision NOT NULL,
    verdict text,
    conflicts integer NOT NULL,
    waits integer NOT NULL,
    raises integer NOT NULL,
    corrections integer NOT NULL,
    adjustment text NOT NULL,
    iteration integer,
    rank integer,
    CONSTRAINT ck_jobs_answered CHECK (((NOT (state = ANY (ARRAY['done'::text, 'failed'::text]))) OR (verdict IS NOT NULL))),
    CONSTRAINT ck_jobs_counts CHECK (((attempts >= 0) AND (retries >= 0) AND (deaths >= 0) AND (conflicts >= 0) AND (waits >= 0) AND (raises >= 0) AND (corrections >= 0))),
    CONSTRAINT ck_jobs_retry_wait CHECK (((state = 'retry_wait'::text) = (not_before IS NOT NULL))),
    CONSTRAINT ck_jobs_state CHECK ((state = ANY (ARRAY['held'::text, 'queued'::text, 'running'::text, 'retry_wait'::text, 'needs_review'::text, 'awaiting_human'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
);
CREATE TABLE golden.metrics (
    id integer NOT NULL,
    iteration integer,
    name text NOT NULL,
    step integer NOT NULL,
    value double precision,
    at double precision NOT NULL
);
CREATE SEQUENCE golden.metrics_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE golden.metrics_id_seq OWNED BY golden.metrics.id;
CREATE TABLE golden.observations (
    id integer NOT NULL,
    job_key text,
    iteration integer,
    design text NOT NULL,
    "values" text NOT NULL,
    source text NOT NULL,
    failure text,
    stds text,
    replicate boolean NOT NULL,
    conflict text,
    at double precision NOT NULL,
    tier integer,
    CONSTRAINT ck_observations_conflict CHECK (((conflict IS NULL) OR replicate)),
    CONSTRAINT ck_observations_content CHECK ((("values" = '{}'::text) = (failure IS NOT NULL))),
    CONSTRAINT ck_observations_tier CHECK (((tier IS NULL) OR ((tier >= 0) AND (job_key IS NULL))))
);
CREATE SEQUENCE golden.observations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE golden.observations_id_seq OWNED BY golden.observations.id;
CREATE TABLE golden.proposals (
    iteration integer NOT NULL,
    rank integer NOT NULL,
    design text NOT NULL,
    origin text NOT NULL,
    score double precision NOT NULL,
    why text NOT NULL,
    prediction text,
    job_key text NOT NULL,
    tier integer DEFAULT 0 NOT NULL,
    CONSTRAINT ck_proposals_tier CHECK ((tier >= 0))
);
CREATE TABLE golden.validators (
    name text NOT NULL,
    failures integer NOT NULL,
    pauses integer NOT NULL,
    paused boolean NOT NULL,
    until double precision,
    message text,
    CONSTRAINT ck_validators_counts CHECK (((failures >= 0) AND (pauses >= 0))),
    CONSTRAINT ck_validators_until CHECK ((paused OR (until IS NULL)))
);
CREATE TABLE golden.withdrawals (
    observation integer NOT NULL,
    property text NOT NULL,
    event integer NOT NULL
);
ALTER TABLE ONLY golden.acts ALTER COLUMN id SET DEFAULT nextval('golden.acts_id_seq'::regclass);
ALTER TABLE ONLY golden.artifacts ALTER COLUMN id SET DEFAULT nextval('golden.artifacts_id_seq'::regclass);
ALTER TABLE ONLY golden.campaign ALTER COLUMN id SET DEFAULT nextval('golden.campaign_id_seq'::regclass);
ALTER TABLE ONLY golden.data_events ALTER COLUMN id SET DEFAULT nextval('golden.data_events_id_seq'::regclass);
ALTER TABLE ONLY golden.facts ALTER COLUMN id SET DEFAULT nextval('golden.facts_id_seq'::regclass);
ALTER TABLE ONLY golden.job_events ALTER COLUMN id SET DEFAULT nextval('golden.job_events_id_seq'::regclass);
ALTER TABLE ONLY golden.metrics ALTER COLUMN id SET DEFAULT nextval('golden.metrics_id_seq'::regclass);
ALTER TABLE ONLY golden.observations ALTER COLUMN id SET DEFAULT nextval('golden.observations_id_seq'::regclass);
INSERT INTO golden.alembic_version VALUES ('0005');
INSERT INTO golden.artifacts VALUES (1, 0, 'batch.csv', 'c5e41b86855cc0dc3049a7457446d8380ae6dfaf3bdc4310000e0363d11b0010', 'artifacts/c5e41b86855cc0dc3049a7457446d8380ae6dfaf3bdc4310000e0363d11b0010.csv', 1796006807.32243);
INSERT INTO golden.artifacts VALUES (2, 0, 'dataset.json', '45e7b8e5c80b8050a3c87719463c8e2d0ab8970cb48dc0e6e2fc19f31faff0a4', 'artifacts/45e7b8e5c80b8050a3c87719463c8e2d0ab8970cb48dc0e6e2fc19f31faff0a4.json', 1796006807.3601894);
INSERT INTO golden.artifacts VALUES (3, 0, 'pareto.png', '1d7eed069566c9fca7ab2587f0dca5c490030d962edfd31681c615ba35afc187', 'artifacts/1d7eed069566c9fca7ab2587f0dca5c490030d962edfd31681c615ba35afc187.png', 1796006807.3778992);
INSERT INTO golden.artifacts VALUES (4, 0, 'compositions.png', '318ffaa5ca9210ccb8accc20b7c0a369e279ea35ac53b041d91057c6db67f980', 'artifacts/318ffaa5ca9210ccb8accc20b7c0a369e279ea35ac53b041d91057c6db67f980.png', 1796006807.4058182);
INSERT INTO golden.artifacts VALUES (5, 0, 'timeline.png', '2ba56b1003816bc328743780e8daf6f84044cb98ff68da1c9ccde939ab73b1b6', 'artifacts/2ba56b1003816bc328743780e8daf6f84044cb98ff68da1c9ccde939ab73b1b6.png', 1796006807.4326432);
INSERT INTO golden.artifacts VALUES (6, 1, 'generator.cvae', '98d6123c3c3a06a68ac3e23e620bd64d20d447fb2f456ae0a1b3a50a1a69b6ee', 'models/98d6123c3c3a06a68ac3e23e620bd64d20d447fb2f456ae0a1b3a50a1a69b6ee.safetensors', 1796006812.9458096);
INSERT INTO golden.campaign VALUES (1, 'golden', '{"science":{"batch":8,"constraints":["density <= 13"],"generator":{"families":{},"family":"cvae","guided":true,"proposals":40,"settings":{"epochs":2},"warm":"none"},"objectives":["maximize solidus"],"reference_point":{},"screening":{"neighbours":false,"random":30},"seed":0,"space":{"bounds":{},"count":[2,3],"elements":["Nb","Ta","Ti"],"limits":[],"lower":0.05,"step":0.01,"upper":0.8},"start":{"from_table":0.5,"table":"table.csv","validate":4},"surrogate":{"inference":"map"},"validator":{"name":"human","settings":{}}},"table":"052d10fcb510e8d4f0b707040c421d22cc2f3499bebbb2d96e963b4dcdb0056e","validator":"external"}', '7156d06836cd2ae3cf8ae4a54a4a3263088a6a853540d76fec659b31251f431f', 0, '0.1.0+8035618b9c89', 1796006800.5264802);
INSERT INTO golden.facts VALUES (1, NULL, '{"solidus":1950.0}', '[]');
INSERT INTO golden.iterations VALUES (0, 'closed', 1796006800.917816, 1796006807.4726367, '{"summary":{"failed":0,"feasible":4,"hypervolume":550.0,"observations":4},"timeline":[["driver","begin",1796006800.918,1796006801.153],["driver","close",1796006801.488,1796006807.489]]}');
INSERT INTO golden.iterations VALUES (1, 'validating', 1796006807.557237, NULL, '{"calibration":{"solidus":{"count":4.0,"coverage":1.0,"inflation":1.0824454605069576,"miscalibrated":0.0,"nll":6.935085485004312,"rmse":256.29312850433564,"sharpness":223.9841269191651}},"generators":{"cvae":{"digest":"98d6123c3c3a06a68ac3e23e620bd64d20d447fb2f456ae0a1b3a50a1a69b6ee","first_draw_valid":0.45,"guided":true,"proposals":40}},"inputs":{},"screening":{"counts":{"candidates":40,"climbed":13,"closed_form":3,"duplicate":3,"out_of_space":0,"polished":0,"short_list":46},"lost":{"sampled":0.0},"mode":"improvement","proposed":{"cvae":10,"random":30},"surrogate":"3e3c781a9312a413fa7b5593f2201e8d155d930973dc0c1432773988b411b05f"},"timeline":[["driver","begin",1796006807.557,1796006812.921],["driver","record",1796006812.921,1796006819.906],["trainer cvae","train",1796006807.659,1796006812.921],["scorer","fit",1796006813.01,1796006814.421],["scorer","propose",1796006814.421,1796006816.889],["scorer","screen",1796006816.889,1796006819.878]],"training":{"cvae":{"best_epoch":1,"collapsed":false,"coverage":null,"device":"cpu","diverged":false,"family":"cvae","job":"0a6674b7ad2b2bba8ce0ca14a1936031d91d83ad975e47218310ca38612beb5a","note":"","pairwise_cosine":0.7236990854317034,"rows":5,"seconds":5.104387687999406,"train_losses":[5.959597587585449,5.409632682800293],"unique_share":0.65234375,"valid_share":0.5703125,"validation_losses":[6.259840965270996,5.652144908905029]}},"warm":{"cvae":null}}');
INSERT INTO golden.job_events VALUES (1, 'c88bd564d3dea9e28b2a4a6f336002c7108a96678d7977923ef079e087da6246', 1796006801.0886548, NULL, 'awaiting_human', NULL, '', NULL);
INSERT INTO golden.job_events VALUES (2, '8300aee69baea228d36e8b677b18f17209ee26bc2e51981dddb4841e81f417d6', 1796006801.0886548, NULL, 'awaiting_human', NULL, '', NULL);
INSERT INTO golden.job_events VALUES (3, '269163a736a8d647cf669ae34ea7867d2457ffd331a71c43b009470ae03f5d83', 1796006801.0886548, NULL, 'awaiting_human', NULL, '', NULL);
INSERT INTO golden.job_events VALUES (4, 'bf2a3be549fc45ec0fd855c098fb1c21fccce550cd75f8c6f94dc5c1750f15fc', 1796006801.0886548, NULL, 'awaiting_human', NULL, '', NULL);
INSERT INTO golden.job_events VALUES (5, 'c88bd564d3dea9e28b2a4a6f336002c7108a96678d7977923ef079e087da6246', 1796006801.3011696, 'awaiting_human', 'done', NULL, 'answered by observed', NULL);
INSERT INTO golden.job_events VALUES (6, '8300aee69baea228d36e8b677b18f17209ee26bc2e51981dddb4841e81f417d6', 1796006801.3406065, 'awaiting_human', 'done', NULL, 'answered by observed', NULL);
INSERT INTO golden.job_events VALUES (7, '269163a736a8d647cf669ae34ea7867d2457ffd331a71c43b009470ae03f5d83', 1796006801.3668573, 'awaiting_human', 'done', NULL, 'answered by observed', NULL);
INSERT INTO golden.job_events VALUES (8, 'bf2a3be549fc45ec0fd855c098fb1c21fccce550cd75f8c6f94dc5c1750f15fc', 1796006801.3940332, 'awaiting_human', 'done', NULL, 'answered by observed', NULL);
INSERT INTO golden.job_events VALUES (9, '71aa6abf6f3c28a03f491078f92e1c1845e92ce4263b58ccebbd535b2b9d80f0', 1796006819.8917577, NULL, 'awaiting_human', NULL, '', NULL);
INSERT INTO golden.job_events VALUES (10, '3aa81561bd4dbdfecfa7085b51b37bc967762393c5daa795a2545e3a7d50ac5a', 1796006819.8917577, NULL, 'awaiting_human', NULL, '', NULL);
INSERT INTO golden.job_events VALUES (11, 'a27787d4faad1edbe0507465f039002cac125cbde8f5eecddf3df55386b6f4f7', 1796006819.8917577, NULL, 'awaiting_human', NULL, '', NULL);
INSERT INTO golden.job_events VALUES (12, '71aa6abf6f3c28a03f491078f92e1c1845e92ce4263b58ccebbd535b2b9d80f0', 1796006819.9928722, 'awaiting_human', 'done', NULL, 'answered by observed', NULL);
INSERT INTO golden.job_events VALUES (13, '3aa81561bd4dbdfecfa7085b51b37bc967762393c5daa795a2545e3a7d50ac5a', 1796006820.0737126, 'awaiting_human', 'failed', NULL, 'answered by observed', 'physics');
INSERT INTO golden.jobs VALUES ('c88bd564d3dea9e28b2a4a6f336002c7108a96678d7977923ef079e087da6246', 'Ta:1/2,Ti:1/2', 'human', 'external', '34e34adb-97d7-4676-94a2-a5fc98acfbc9', true, 'done', 0, 0, 0, NULL, NULL, NULL, 1796006801.0886548, 1796006801.3011696, '{"details":{},"properties":{"solidus":{"unit":"K","value":2500.0}},"seconds":0.0,"status":"measured"}', 0, 0, 0, 0, '{}', 0, 0);
INSERT INTO golden.jobs VALUES ('8300aee69baea228d36e8b677b18f17209ee26bc2e51981dddb4841e81f417d6', 'Nb:1/2,Ta:1/2', 'human', 'external', '9e759d4b-65ba-46ed-80ac-60e49e11036f', true, 'done', 0, 0, 0, NULL, NULL, NULL, 1796006801.0886548, 1796006801.3406065, '{"details":{},"properties":{"solidus":{"unit":"K","value":2500.0}},"seconds":0.0,"status":"measured"}', 0, 0, 0, 0, '{}', 0, 1);
INSERT INTO golden.jobs VALUES ('269163a736a8d647cf669ae34ea7867d2457ffd331a71c43b009470ae03f5d83', 'Nb:51/100,Ti:49/100', 'human', 'external', 'e4419249-8677-4c30-a021-9728b75b6c80', true, 'done', 0, 0, 0, NULL, NULL, NULL, 1796006801.0886548, 1796006801.3668573, '{"details":{},"properties":{"solidus":{"unit":"K","value":2000.0}},"seconds":0.0,"status":"measured"}', 0, 0, 0, 0, '{}', 0, 2);
INSERT INTO golden.jobs VALUES ('bf2a3be549fc45ec0fd855c098fb1c21fccce550cd75f8c6f94dc5c1750f15fc', 'Nb:11/100,Ta:9/100,Ti:4/5', 'human', 'external', '44d34d82-dfe1-4024-8892-1589fa7c5ceb', true, 'done', 0, 0, 0, NULL, NULL, NULL, 1796006801.0886548, 1796006801.3940332, '{"details":{},"properties":{"solidus":{"unit":"K","value":2090.0}},"seconds":0.0,"status":"measured"}', 0, 0, 0, 0, '{}', 0, 3);
INSERT INTO golden.jobs VALUES ('a27787d4faad1edbe0507465f039002cac125cbde8f5eecddf3df55386b6f4f7', 'Ta:69/100,Ti:31/100', 'human', 'external', '3bbe4d3a-80a1-4c80-a472-8a1e9ea5feb8', true, 'awaiting_human', 0, 0, 0, NULL, NULL, NULL, 1796006819.8917577, 1796006819.8917577, NULL, 0, 0, 0, 0, '{}', 1, 2);
INSERT INTO golden.jobs VALUES ('71aa6abf6f3c28a03f491078f92e1c1845e92ce4263b58ccebbd535b2b9d80f0', 'Nb:7/20,Ta:29/50,Ti:7/100', 'human', 'external', '2bc6c034-aa30-44ee-b98c-e29419deb5a3', true, 'done', 0, 0, 0, NULL, NULL, NULL, 1796006819.8917577, 1796006819.9928722, '{"details":{},"properties":{"solidus":{"unit":"K","value":2580.0}},"seconds":0.0,"status":"measured"}', 0, 0, 0, 0, '{}', 1, 0);
INSERT INTO golden.jobs VALUES ('3aa81561bd4dbdfecfa7085b51b37bc967762393c5daa795a2545e3a7d50ac5a', 'Nb:4/25,Ta:16/25,Ti:1/5', 'human', 'external', 'f4016174-3e7f-4446-b4d2-dff0763c9f86', true, 'failed', 0, 0, 0, NULL, 'physics', 'cracked', 1796006819.8917577, 1796006820.0737126, '{"kind":"physics","message":"cracked","seconds":0.0,"status":"failed"}', 0, 0, 0, 0, '{}', 1, 1);
INSERT INTO golden.metrics VALUES (1, 0, 'hypervolume', 0, 550, 1796006805.684232);
INSERT INTO golden.metrics VALUES (2, 0, 'feasible_share', 0, 1, 1796006805.684232);
INSERT INTO golden.metrics VALUES (3, 0, 'failed', 0, 0, 1796006805.684232);
INSERT INTO golden.metrics VALUES (4, 0, 'observations', 0, 4, 1796006805.684232);
INSERT INTO golden.metrics VALUES (5, 0, 'best.solidus', 0, 2500, 1796006805.684232);
INSERT INTO golden.metrics VALUES (6, 0, 'generator.design.share', 0, 0.5, 1796006805.684232);
INSERT INTO golden.metrics VALUES (7, 0, 'generator.design.hits', 0, 1, 1796006805.684232);
INSERT INTO golden.metrics VALUES (8, 0, 'generator.table.share', 0, 0.5, 1796006805.684232);
INSERT INTO golden.metrics VALUES (9, 0, 'generator.table.hits', 0, 1, 1796006805.684232);
INSERT INTO golden.metrics VALUES (10, 0, 'queue.held', 0, 0, 1796006805.684232);
INSERT INTO golden.metrics VALUES (11, 0, 'queue.queued', 0, 0, 1796006805.684232);
INSERT INTO golden.metrics VALUES (12, 0, 'queue.running', 0, 0, 1796006805.684232);
INSERT INTO golden.metrics VALUES (13, 0, 'queue.retry_wait', 0, 0, 1796006805.684232);
INSERT INTO golden.metrics VALUES (14, 0, 'queue.needs_review', 0, 0, 1796006805.684232);
INSERT INTO golden.metrics VALUES (15, 0, 'queue.awaiting_human', 0, 0, 1796006805.684232);
INSERT INTO golden.metrics VALUES (16, 0, 'queue.done', 0, 4, 1796006805.684232);
INSERT INTO golden.metrics VALUES (17, 0, 'queue.failed', 0, 0, 1796006805.684232);
INSERT INTO golden.metrics VALUES (18, 0, 'queue.cancelled', 0, 0, 1796006805.684232);
INSERT INTO golden.metrics VALUES (19, 0, 'seconds.driver.begin', 0, 0.235, 1796006805.684232);
INSERT INTO golden.observations VALUES (1, 'c88bd564d3dea9e28b2a4a6f336002c7108a96678d7977923ef079e087da6246', 0, 'Ta:1/2,Ti:1/2', '{"solidus":2500.0}', 'observed', NULL, NULL, false, NULL, 1796006801.3011696, NULL);
INSERT INTO golden.observations VALUES (2, '8300aee69baea228d36e8b677b18f17209ee26bc2e51981dddb4841e81f417d6', 0, 'Nb:1/2,Ta:1/2', '{"solidus":2500.0}', 'observed', NULL, NULL, false, NULL, 1796006801.3406065, NULL);
INSERT INTO golden.observations VALUES (3, '269163a736a8d647cf669ae34ea7867d2457ffd331a71c43b009470ae03f5d83', 0, 'Nb:51/100,Ti:49/100', '{"solidus":2000.0}', 'observed', NULL, NULL, false, NULL, 1796006801.3668573, NULL);
INSERT INTO golden.observations VALUES (4, 'bf2a3be549fc45ec0fd855c098fb1c21fccce550cd75f8c6f94dc5c1750f15fc', 0, 'Nb:11/100,Ta:9/100,Ti:4/5', '{"solidus":2090.0}', 'observed', NULL, NULL, false, NULL, 1796006801.3940332, NULL);
INSERT INTO golden.observations VALUES (5, '71aa6abf6f3c28a03f491078f92e1c1845e92ce4263b58ccebbd535b2b9d80f0', 1, 'Nb:7/20,Ta:29/50,Ti:7/100', '{"solidus":2580.0}', 'observed', NULL, NULL, false, NULL, 1796006819.9928722, NULL);
INSERT INTO golden.observations VALUES (6, '3aa81561bd4dbdfecfa7085b51b37bc967762393c5daa795a2545e3a7d50ac5a', 1, 'Nb:4/25,Ta:16/25,Ti:1/5', '{}', 'observed', 'cracked', NULL, false, NULL, 1796006820.0737126, NULL);
INSERT INTO golden.proposals VALUES (0, 0, 'Ta:1/2,Ti:1/2', 'table', 0, 'a known alloy, far from the others chosen', NULL, 'c88bd564d3dea9e28b2a4a6f336002c7108a96678d7977923ef079e087da6246', 0);
INSERT INTO golden.proposals VALUES (0, 1, 'Nb:1/2,Ta:1/2', 'table', 0, 'a known alloy, far from the others chosen', NULL, '8300aee69baea228d36e8b677b18f17209ee26bc2e51981dddb4841e81f417d6', 0);
INSERT INTO golden.proposals VALUES (0, 2, 'Nb:51/100,Ti:49/100', 'design', 0, 'space-filling start', NULL, '269163a736a8d647cf669ae34ea7867d2457ffd331a71c43b009470ae03f5d83', 0);
INSERT INTO golden.proposals VALUES (0, 3, 'Nb:11/100,Ta:9/100,Ti:4/5', 'design', 0, 'space-filling start', NULL, 'bf2a3be549fc45ec0fd855c098fb1c21fccce550cd75f8c6f94dc5c1750f15fc', 0);
INSERT INTO golden.proposals VALUES (1, 0, 'Nb:7/20,Ta:29/50,Ti:7/100', 'polish of cvae', 5.312196478401106, 'log expected gain 5.31; expects solidus 2679 ± 246 K; P(feasible) 1.00; from polish of cvae; tightest constraint density 12.99 g/cm3 (holds with probability 1.00)', '{"means":{"solidus":2679.246539123112},"model":"3e3c781a9312a413fa7b5593f2201e8d155d930973dc0c1432773988b411b05f","probability_feasible":1.0,"stds":{"solidus":246.07290017690852}}', '71aa6abf6f3c28a03f491078f92e1c1845e92ce4263b58ccebbd535b2b9d80f0', 0);
INSERT INTO golden.proposals VALUES (1, 1, 'Nb:4/25,Ta:16/25,Ti:1/5', 'random', 3.86884836099916, 'log expected gain 3.87; expects solidus 2566 ± 253 K; P(feasible) 1.00; from random; tightest constraint density 12.97 g/cm3 (holds with probability 1.00)', '{"means":{"solidus":2566.0256450408224},"model":"3e3c781a9312a413fa7b5593f2201e8d155d930973dc0c1432773988b411b05f","probability_feasible":1.0,"stds":{"solidus":253.19305142211562}}', '3aa81561bd4dbdfecfa7085b51b37bc967762393c5daa795a2545e3a7d50ac5a', 0);
INSERT INTO golden.proposals VALUES (1, 2, 'Ta:69/100,Ti:31/100', 'polish of cvae', 3.5874242195602397, 'log expected gain 3.59; expects solidus 2502 ± 246 K; P(feasible) 1.00; from polish of cvae; tightest constraint density 12.95 g/cm3 (holds with probability 1.00)', '{"means":{"solidus":2502.093592344444},"model":"3e3c781a9312a413fa7b5593f2201e8d155d930973dc0c1432773988b411b05f","probability_feasible":1.0,"stds":{"solidus":246.03834814284758}}', 'a27787d4faad1edbe0507465f039002cac125cbde8f5eecddf3df55386b6f4f7', 0);
INSERT INTO golden.validators VALUES ('human', 0, 0, false, NULL, NULL);
SELECT pg_catalog.setval('golden.acts_id_seq', 1, false);
SELECT pg_catalog.setval('golden.artifacts_id_seq', 6, true);
SELECT pg_catalog.setval('golden.campaign_id_seq', 1, false);
SELECT pg_catalog.setval('golden.data_events_id_seq', 1, false);
SELECT pg_catalog.setval('golden.facts_id_seq', 1, false);
SELECT pg_catalog.setval('golden.job_events_id_seq', 13, true);
SELECT pg_catalog.setval('golden.metrics_id_seq', 19, true);
SELECT pg_catalog.setval('golden.observations_id_seq', 6, true);
ALTER TABLE ONLY golden.acts
    ADD CONSTRAINT acts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY golden.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY golden.artifacts
    ADD CONSTRAINT artifacts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY golden.campaign
    ADD CONSTRAINT campaign_pkey PRIMARY KEY (id);
ALTER TABLE ONLY golden.data_events
    ADD CONSTRAINT data_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY golden.facts
    ADD CONSTRAINT facts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY golden.iterations
    ADD CONSTRAINT iterations_pkey PRIMARY KEY (index);
ALTER TABLE ONLY golden.job_events
    ADD CONSTRAINT job_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY golden.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (key);
ALTER TABLE ONLY golden.metrics
    ADD CONSTRAINT metrics_pkey PRIMARY KEY (id);
ALTER TABLE ONLY golden.observations
    ADD CONSTRAINT observations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY golden.proposals
    ADD CONSTRAINT proposals_pkey PRIMARY KEY (iteration, rank);
ALTER TABLE ONLY golden.proposals
    ADD CONSTRAINT uq_proposals_design UNIQUE (design, tier);
ALTER TABLE ONLY golden.proposals
    ADD CONSTRAINT uq_proposals_job UNIQUE (job_key);
ALTER TABLE ONLY golden.validators
    ADD CONSTRAINT validators_pkey PRIMARY KEY (name);
ALTER TABLE ONLY golden.withdrawals
    ADD CONSTRAINT withdrawals_pkey PRIMARY KEY (observation, property);
CREATE INDEX ix_job_events_key ON golden.job_events USING btree (key, id);
CREATE INDEX ix_jobs_conflicts ON golden.jobs USING btree (key) WHERE (conflicts > 0);
CREATE INDEX ix_jobs_state ON golden.jobs USING btree (state, iteration, rank);
CREATE INDEX ix_observations_design ON golden.observations USING btree (design);
CREATE INDEX ix_observations_iteration ON golden.observations USING btree (iteration, replicate);
CREATE INDEX ix_proposals_promoted ON golden.proposals USING btree (iteration) WHERE (tier > 0);
CREATE UNIQUE INDEX uq_artifacts ON golden.artifacts USING btree (COALESCE(iteration, '-1'::integer), name);
CREATE UNIQUE INDEX uq_jobs_place ON golden.jobs USING btree (iteration, rank);
CREATE UNIQUE INDEX uq_metrics ON golden.metrics USING btree (COALESCE(iteration, '-1'::integer), name, step);
CREATE UNIQUE INDEX uq_observations_accepted ON golden.observations USING btree (job_key) WHERE ((job_key IS NOT NULL) AND (NOT replicate));
CREATE TRIGGER tr_acts_no_delete BEFORE DELETE ON golden.acts FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('acts rows are never changed or removed');
CREATE TRIGGER tr_acts_no_update BEFORE UPDATE ON golden.acts FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('acts rows are never changed or removed');
CREATE TRIGGER tr_campaign_no_delete BEFORE DELETE ON golden.campaign FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('campaign rows are never changed or removed');
CREATE TRIGGER tr_campaign_no_update BEFORE UPDATE ON golden.campaign FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('campaign rows are never changed or removed');
CREATE TRIGGER tr_data_events_no_delete BEFORE DELETE ON golden.data_events FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('data_events rows are never changed or removed');
CREATE TRIGGER tr_data_events_no_update BEFORE UPDATE ON golden.data_events FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('data_events rows are never changed or removed');
CREATE TRIGGER tr_job_events_no_delete BEFORE DELETE ON golden.job_events FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('job_events rows are never changed or removed');
CREATE TRIGGER tr_job_events_no_update BEFORE UPDATE ON golden.job_events FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('job_events rows are never changed or removed');
CREATE TRIGGER tr_jobs_moves BEFORE UPDATE OF state ON golden.jobs FOR EACH ROW WHEN ((((old.state || '>'::text) || new.state) <> ALL (ARRAY['held>awaiting_human'::text, 'held>cancelled'::text, 'held>queued'::text, 'queued>awaiting_human'::text, 'queued>cancelled'::text, 'queued>running'::text, 'running>cancelled'::text, 'running>done'::text, 'running>failed'::text, 'running>needs_review'::text, 'running>queued'::text, 'running>retry_wait'::text, 'retry_wait>awaiting_human'::text, 'retry_wait>cancelled'::text, 'retry_wait>queued'::text, 'awaiting_human>awaiting_human'::text, 'awaiting_human>cancelled'::text, 'awaiting_human>done'::text, 'awaiting_human>failed'::text, 'needs_review>awaiting_human'::text, 'needs_review>cancelled'::text, 'needs_review>done'::text, 'needs_review>failed'::text, 'needs_review>queued'::text, 'done>done'::text, 'failed>failed'::text, 'cancelled>cancelled'::text]))) EXECUTE FUNCTION golden.refuse_change('a job cannot make that move');
CREATE TRIGGER tr_jobs_no_delete BEFORE DELETE ON golden.jobs FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('jobs are never removed');
CREATE TRIGGER tr_observations_no_delete BEFORE DELETE ON golden.observations FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('observations rows are never changed or removed');
CREATE TRIGGER tr_observations_no_update BEFORE UPDATE ON golden.observations FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('observations rows are never changed or removed');
CREATE TRIGGER tr_proposals_no_delete BEFORE DELETE ON golden.proposals FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('proposals rows are never changed or removed');
CREATE TRIGGER tr_proposals_no_update BEFORE UPDATE ON golden.proposals FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('proposals rows are never changed or removed');
CREATE TRIGGER tr_withdrawals_no_delete BEFORE DELETE ON golden.withdrawals FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('withdrawals rows are never changed or removed');
CREATE TRIGGER tr_withdrawals_no_update BEFORE UPDATE ON golden.withdrawals FOR EACH ROW EXECUTE FUNCTION golden.refuse_change('withdrawals rows are never changed or removed');
ALTER TABLE ONLY golden.artifacts
    ADD CONSTRAINT fk_artifacts_iteration FOREIGN KEY (iteration) REFERENCES golden.iterations(index);
ALTER TABLE ONLY golden.job_events
    ADD CONSTRAINT fk_job_events_job FOREIGN KEY (key) REFERENCES golden.jobs(key);
ALTER TABLE ONLY golden.metrics
    ADD CONSTRAINT fk_metrics_iteration FOREIGN KEY (iteration) REFERENCES golden.iterations(index);
ALTER TABLE ONLY golden.observations
    ADD CONSTRAINT fk_observations_iteration FOREIGN KEY (iteration) REFERENCES golden.iterations(index);
ALTER TABLE ONLY golden.observations
    ADD CONSTRAINT fk_observations_job FOREIGN KEY (job_key) REFERENCES golden.jobs(key);
ALTER TABLE ONLY golden.proposals
    ADD CONSTRAINT fk_proposals_iteration FOREIGN KEY (iteration) REFERENCES golden.iterations(index);
ALTER TABLE ONLY golden.proposals
    ADD CONSTRAINT fk_proposals_job FOREIGN KEY (job_key) REFERENCES golden.jobs(key);
ALTER TABLE ONLY golden.withdrawals
    ADD CONSTRAINT fk_withdrawals_event FOREIGN KEY (event) REFERENCES golden.data_events(id);
ALTER TABLE ONLY golden.withdrawals
    ADD CONSTRAINT fk_withdrawals_observation FOREIGN KEY (observation) REFERENCES golden.observations(id);
