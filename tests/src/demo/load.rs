//! Brings the sample in through the ordinary path: drafts to the consoles that sign them, signed envelopes to the
//! door for the one member that signs by itself. What is in the ledger already is not sent again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use ledger_core::body::{Body, Lives};
use ledger_core::chain::Link;
use ledger_core::genesis::ledger_id;
use ledger_core::ids::{DeviceKey, EventId, LedgerId, OrgId};
use ledger_core::key::PublicKey;
use ledger_core::sign::{Draft, Envelope};
use ledger_core::tile::{Bundle, TileWidth};
use ledger_core::time::Timestamp;
use node::draft::Proposal;
use node::keys::{KeyRole, load_or_generate};
use node::ledger::DraftRequest;
use serde_json::{Value as Json, json};
use tokio::time::{Instant, sleep};

use super::Fault;
use super::layout::Layout;
use super::setup::PublicKeys;
use crate::inprocess::fixed_salts;
use crate::sample::{Sample, Step};

/// How long a wave may take until the department has logged it.
const WAVE_DEADLINE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(40);
/// Most drafts of one request to a console.
const DRAFTS_MAX: usize = 200;

/// What makes two drafts the same one: who says what, and when.
type Deed = (OrgId, Timestamp, Timestamp, Vec<u8>);

/// Loads the sample; remembers what it has done only in the ledger itself.
pub struct Loader<'a> {
    layout: &'a Layout,
    sample: &'a Sample,
    keys: PublicKeys,
    http: reqwest::Client,
    ledger: LedgerId,
    /// The member that signs by itself, its key, and its next place.
    client: (OrgId, SigningKey, Link),
    /// Deeds that are logged, and as what.
    logged: HashMap<Deed, EventId>,
    ids: HashMap<String, EventId>,
    done: usize,
    total: usize,
}

impl<'a> Loader<'a> {
    /// A loader that has not looked yet.
    ///
    /// # Errors
    /// When a file of the demonstration cannot be read.
    pub fn new(
        layout: &'a Layout,
        sample: &'a Sample,
        mut keys: PublicKeys,
    ) -> Result<Loader<'a>, Fault> {
        let genesis = std::fs::read(layout.node(sample.authority()).genesis())?;
        let ledger = ledger_id(&genesis);
        let client = sample
            .enrolments()
            .into_iter()
            .find(|e| e.lives == Lives::Api)
            .map(|e| e.org);
        let client = client.ok_or("không có đơn vị nào dùng API")?;
        let folder = layout.root().join("api-client");
        std::fs::create_dir_all(&folder)?;
        let key = load_or_generate(&folder, &KeyRole::Device(client.clone()))?;
        keys.devices
            .insert(client.clone(), DeviceKey(PublicKey::of(&key).to_bytes()));
        Ok(Loader {
            layout,
            sample,
            keys,
            http: reqwest::Client::new(),
            ledger,
            client: (client, key, Link::first(&ledger)),
            logged: HashMap::new(),
            ids: HashMap::new(),
            done: 0,
            total: 0,
        })
    }

    /// Admits organisations, devices and nodes, and publishes the anchor: everything that the department alone says
    /// before the members' nodes are let in.
    ///
    /// # Errors
    /// When a step is refused or does not get logged.
    pub async fn admit_members(&mut self, say: &mut dyn FnMut(&str)) -> Result<(), Fault> {
        self.look().await?;
        let mut steps = self.sample.admissions(fixed_salts("demo admissions"))?;
        for enrolment in self.sample.enrolments() {
            if enrolment.org != *self.sample.authority() {
                let key = *self
                    .keys
                    .devices
                    .get(&enrolment.org)
                    .ok_or("đơn vị chưa có khóa")?;
                steps.push(self.sample.device_step(&enrolment, key));
            }
        }
        steps.extend(
            self.keys
                .peers
                .iter()
                .map(|(org, key)| self.sample.peer_step(org, *key)),
        );
        steps.push(self.sample.anchor_step(&self.keys.anchor));
        self.run("Kết nạp đơn vị", steps, say).await
    }

    /// Registers places, products and certificates and replays what happened.
    ///
    /// # Errors
    /// When a step is refused or does not get logged.
    pub async fn play(&mut self, say: &mut dyn FnMut(&str)) -> Result<(), Fault> {
        self.look().await?;
        for picture in self.sample.pictures() {
            self.put_blob("/api/pictures", std::fs::read(&picture.path)?)
                .await?;
        }
        let steps = self.sample.script(fixed_salts("demo script"))?;
        self.run("Nạp dữ liệu mẫu", steps, say).await
    }

    async fn run(
        &mut self,
        what: &str,
        steps: Vec<Step>,
        say: &mut dyn FnMut(&str),
    ) -> Result<(), Fault> {
        (self.done, self.total) = (0, steps.len());
        let mut sent = 0;
        for wave in waves(steps) {
            sent += self.wave(wave).await?;
            say(&format!("{what}: {}/{}", self.done, self.total));
        }
        if sent == 0 {
            say(&format!("{what}: đã có đủ, không nạp thêm."));
        }
        Ok(())
    }

    /// Sends what is new of a wave and waits until the department has logged it; says how much was new.
    async fn wave(&mut self, steps: Vec<Step>) -> Result<usize, Fault> {
        self.done += steps.len();
        let mut by_seat: BTreeMap<OrgId, Vec<(Step, Body)>> = BTreeMap::new();
        for step in steps {
            let body = step.body(&self.ids)?;
            match self
                .logged
                .get(&deed(&step.org, &step.occurred, &step.signed, &body))
            {
                Some(id) => drop(self.ids.insert(step.key.clone(), *id)),
                None => by_seat
                    .entry(step.org.clone())
                    .or_default()
                    .push((step, body)),
            }
        }
        let mut new = Vec::new();
        for (org, deeds) in by_seat {
            new.extend(if org == self.client.0 {
                self.submit(deeds).await?
            } else {
                self.record(&org, deeds).await?
            });
        }
        for id in &new {
            self.wait_for(*id, &["logged", "cosigned"]).await?;
        }
        Ok(new.len())
    }

    /// Hands drafts to the console of the node that holds the organisation's key.
    async fn record(
        &mut self,
        org: &OrgId,
        deeds: Vec<(Step, Body)>,
    ) -> Result<Vec<EventId>, Fault> {
        let mut ids = Vec::new();
        for part in deeds.chunks(DRAFTS_MAX) {
            let drafts: Vec<Json> = part
                .iter()
                .map(|(step, body)| proposal(step, body).to_json())
                .collect();
            let request = json!({ "org": org.as_str(), "ask": false, "drafts": drafts });
            let body = request.to_string().into_bytes();
            let answer = self
                .console(&self.seat(org), "/api/drafts", "application/json", body)
                .await?;
            let results = answer["results"].as_array().cloned().unwrap_or_default();
            for ((step, _), result) in part.iter().zip(&results) {
                let id = result["event_id"].as_str().and_then(parse_id);
                let id =
                    id.ok_or_else(|| format!("{} ({org}) không ghi được: {result}", step.key))?;
                self.ids.insert(step.key.clone(), id);
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// Signs and hands in what the API client says.
    async fn submit(&mut self, deeds: Vec<(Step, Body)>) -> Result<Vec<EventId>, Fault> {
        let mut ids = Vec::new();
        for (step, body) in deeds {
            for kept in &step.openings {
                self.put_blob("/api/openings", kept.opening.encode())
                    .await?;
            }
            let (org, key, link) = &self.client;
            let draft = Draft {
                occurred: step.occurred,
                signed: step.signed,
                body,
            };
            let event = draft.sign(key, &self.ledger, org, *link);
            let url = format!("{}/events", self.layout.feed_url(self.sample.authority()));
            let answer = self
                .http
                .post(&url)
                .header("content-type", "application/cose")
                .body(event.bytes().to_vec());
            let answer = answer.send().await?;
            if !answer.status().is_success() {
                return Err(format!("{}: {}", step.key, answer.text().await?).into());
            }
            self.client.2 = event.link().after(event.id());
            self.ids.insert(step.key.clone(), event.id());
            ids.push(event.id());
        }
        Ok(ids)
    }

    /// Whose node an organisation records on.
    fn seat(&self, org: &OrgId) -> OrgId {
        let host = self
            .sample
            .enrolments()
            .into_iter()
            .find(|e| e.org == *org)
            .and_then(|e| e.host);
        host.unwrap_or_else(|| org.clone())
    }

    /// Hands something to a node's console and reads its answer.
    async fn console(
        &self,
        seat: &OrgId,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> Result<Json, Fault> {
        let url = format!("{}{path}", self.layout.console_url(seat));
        let request = self
            .http
            .post(&url)
            .bearer_auth(self.token(seat)?)
            .header("content-type", kind);
        let answer = request.body(body).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if status.is_success() {
            Ok(serde_json::from_str(&text)?)
        } else {
            Err(format!("{url}: {status} {text}").into())
        }
    }

    /// What lets this program into a node's console.
    fn token(&self, seat: &OrgId) -> Result<String, Fault> {
        let path = self
            .layout
            .node(seat)
            .root()
            .join(node::console::TOKEN_FILE);
        Ok(std::fs::read_to_string(path)?.trim().to_owned())
    }

    /// Pictures and openings go to the department's node, from which members fetch what events name.
    async fn put_blob(&self, path: &str, bytes: Vec<u8>) -> Result<(), Fault> {
        let seat = self.sample.authority();
        self.console(seat, path, "application/octet-stream", bytes)
            .await
            .map(|_| ())
    }

    /// Waits until the department's node says one of these words of an event.
    async fn wait_for(&self, id: EventId, words: &[&str]) -> Result<(), Fault> {
        let seat = self.sample.authority();
        let token = self.token(seat)?;
        let url = format!("{}/api/events/{id}", self.layout.console_url(seat));
        let deadline = Instant::now() + WAVE_DEADLINE;
        loop {
            let answer = self
                .http
                .get(&url)
                .bearer_auth(&token)
                .send()
                .await?
                .text()
                .await?;
            let answer: Json = serde_json::from_str(&answer)?;
            let status = answer["status"].as_str().unwrap_or_default();
            if words.contains(&status) {
                return Ok(());
            }
            if ["void", "stuck"].contains(&status) || Instant::now() > deadline {
                return Err(format!("việc {id} chưa vào sổ: {answer}").into());
            }
            sleep(LOOK).await;
        }
    }

    /// Waits until the quorum has confirmed the newest event.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn wait_until_cosigned(&self) -> Result<(), Fault> {
        for id in self.ids.values() {
            self.wait_for(*id, &["cosigned"]).await?;
        }
        Ok(())
    }

    /// Reads what the log holds already, over the same feed that any stranger reads.
    async fn look(&mut self) -> Result<(), Fault> {
        let feed = self.layout.feed_url(self.sample.authority());
        let checkpoint = self.http.get(format!("{feed}/checkpoint")).send().await?;
        if !checkpoint.status().is_success() {
            return Ok(());
        }
        let text = checkpoint.text().await?;
        let size: u64 = text
            .lines()
            .nth(1)
            .and_then(|line| line.parse().ok())
            .ok_or("checkpoint không đúng dạng")?;
        for start in (0..size).step_by(256) {
            let width = TileWidth::new((size - start).min(256)).ok_or("độ rộng không đúng")?;
            let path = Bundle::new(start / 256, width);
            let bytes = self
                .http
                .get(format!("{feed}/{path}"))
                .send()
                .await?
                .error_for_status()?
                .bytes()
                .await?;
            for entry in path.decode(&bytes)? {
                self.take_note(entry);
            }
        }
        Ok(())
    }

    fn take_note(&mut self, entry: &[u8]) {
        // Genesis is no envelope; everything else passed the door.
        let Ok(envelope) = Envelope::parse(entry) else {
            return;
        };
        let draft = &envelope.payload().draft;
        let id = envelope.id();
        self.logged.insert(
            deed(envelope.iss(), &draft.occurred, &draft.signed, &draft.body),
            id,
        );
        if *envelope.iss() == self.client.0 {
            self.client.2 = envelope.payload().link.after(id);
        }
    }
}

fn deed(org: &OrgId, occurred: &Timestamp, signed: &Timestamp, body: &Body) -> Deed {
    (org.clone(), *occurred, *signed, body.to_value().encode())
}

fn proposal(step: &Step, body: &Body) -> Proposal {
    let request = DraftRequest {
        occurred: step.occurred,
        signed: Some(step.signed),
        body: body.clone(),
    };
    let openings = step
        .openings
        .iter()
        .map(|kept| kept.opening.encode())
        .collect();
    Proposal {
        request,
        openings,
        override_reason: None,
    }
}

fn parse_id(text: &str) -> Option<EventId> {
    let bytes: [u8; 32] = hex::decode(text).ok()?.try_into().ok()?;
    Some(EventId(ledger_core::ids::Hash(bytes)))
}

/// Groups of steps that may go out at once: within one, no story has two signers and nothing is referred to, so that
/// the log keeps the order of what depends on each other.
pub fn waves(steps: Vec<Step>) -> Vec<Vec<Step>> {
    let mut waves: Vec<Vec<Step>> = Vec::new();
    let mut signers: BTreeMap<String, OrgId> = BTreeMap::new();
    let mut keys: BTreeSet<String> = BTreeSet::new();
    for step in steps {
        let story = story(&step);
        let other_signer = signers.get(&story).is_some_and(|org| *org != step.org);
        let refers_within = step
            .reference
            .as_ref()
            .is_some_and(|key| keys.contains(key));
        if waves.is_empty() || other_signer || refers_within {
            waves.push(Vec::new());
            signers.clear();
            keys.clear();
        }
        signers.insert(story, step.org.clone());
        keys.insert(step.key.clone());
        waves.last_mut().expect("pushed above").push(step);
    }
    waves
}

/// The story of a happening (`E-0107`, `BIND:B-0105` → `01`); all registrations are independent of each other.
fn story(step: &Step) -> String {
    let digits = step
        .key
        .rsplit('-')
        .next()
        .filter(|_| !step.is_registration());
    match digits {
        // The third story goes on with lots of the first.
        Some(number) if number.starts_with("03") => "01".into(),
        // The eighth with those of the twelfth.
        Some(number) if number.starts_with("08") => "12".into(),
        Some(number) => number.chars().take(2).collect(),
        None => step.key.clone(),
    }
}
