//! The demonstration: the department, its members and the verification service as separate processes on this
//! machine, with the sample data brought in through the ordinary path.
//!
//! In scope: folders and ports, starting and stopping processes, loading, telling what to open. Out of scope:
//! everything that a node or the service does by itself.

pub mod layout;
pub mod liar;
pub mod load;
pub mod process;
pub mod setup;

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ledger_core::code::PrintedCode;

use self::layout::Layout;
use self::load::Loader;
use self::process::Running;
use crate::inprocess::sample_folder;
use crate::sample::{Sample, VALIDATORS};

/// Whatever stops the demonstration; only ever printed.
pub type Fault = Box<dyn Error + Send + Sync>;

/// What the demonstration is asked for.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// The folder of its data.
    pub data: PathBuf,
    /// Whether to begin again.
    pub fresh: bool,
    /// What stands in QR codes instead of the address on this machine.
    pub public_url: Option<String>,
    /// The program that is started as node and service, when it is not this one.
    pub program: Option<PathBuf>,
}

/// A running demonstration.
pub struct Demo {
    /// Its folders and ports.
    pub layout: Layout,
    /// The sample.
    pub sample: Sample,
    /// The processes.
    pub running: Running,
    /// What stands in QR codes.
    pub public_url: String,
}

impl Demo {
    /// Starts everything and loads what is not loaded yet; returns when buyers can scan.
    ///
    /// # Errors
    /// Whatever stops it, in words.
    pub async fn start(wishes: &Wishes, say: &mut dyn FnMut(&str)) -> Result<Demo, Fault> {
        let began = Instant::now();
        let sample = Sample::load(&sample_folder())?;
        if wishes.fresh && wishes.data.exists() {
            layout::remove(&wishes.data)?;
        }
        let layout = Layout::open(&wishes.data)?;
        let public_url = wishes.public_url.clone().unwrap_or_else(|| layout.qr_url());
        say("Chuẩn bị khóa và sổ cho Sở và các đơn vị …");
        let keys = setup::prepare(&layout, &sample, &public_url)?;
        let mut running = Running::of_program(wishes.program.clone());
        say("Khởi động máy của Sở …");
        running.start_node(&layout, sample.authority()).await?;
        let mut loader = Loader::new(&layout, &sample, keys)?;
        loader.admit_members(say).await?;
        say(&format!("Khởi động máy của {} đơn vị …", VALIDATORS.len()));
        for org in setup::own_nodes(&sample) {
            running.start_node(&layout, &org).await?;
        }
        running.start_qr(&layout, &public_url).await?;
        loader.play(say).await?;
        say("Chờ đủ đơn vị xác nhận …");
        loader.wait_until_cosigned().await?;
        process::wait_for_service(&layout, sample.authority()).await?;
        say(&format!(
            "Sẵn sàng sau {:.1} giây.",
            began.elapsed().as_secs_f32()
        ));
        Ok(Demo {
            layout,
            sample,
            running,
            public_url,
        })
    }

    /// The page of a batch's label code.
    pub fn page_of(&self, batch: &str) -> Option<String> {
        let code = self.sample.codes(batch).into_iter().next()?;
        Some(format!("{}{}", self.layout.qr_url(), code.url_path()))
    }

    /// The code that the terminal shows: story S01.
    pub fn first_code(&self) -> Option<PrintedCode> {
        self.sample.codes("B-0105").into_iter().next()
    }

    /// Stops every process and waits for it.
    pub async fn stop(mut self) {
        self.running.stop(Duration::from_secs(15)).await;
    }
}
