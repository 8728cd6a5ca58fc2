//! The demonstration, one command: `cargo run --release --bin demo`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use node::config::Config;
use node::folder::Folder;
use qr_service::qr::Qr;
use tests::demo::{Demo, Fault, Wishes, liar};
use tokio::io::AsyncReadExt;

/// Bản trình diễn: Sở, các đơn vị và dịch vụ tem QR chạy trên máy này với dữ liệu mẫu.
///
/// Lần đầu mất chừng một phút để nạp dữ liệu; lần sau tiếp tục với dữ liệu đã có. Dừng bằng Ctrl-C.
///
/// In English: starts the department, its members and the verification service as separate processes on this machine,
/// loads the sample data through the ordinary path and says which pages to open.
#[derive(Parser)]
#[command(name = "demo", version, verbatim_doc_comment)]
struct Args {
    /// Bỏ dữ liệu cũ và làm lại từ đầu (begin again)
    #[arg(long)]
    fresh: bool,
    /// Thư mục dữ liệu (data folder)
    #[arg(long, value_name = "THƯ MỤC", default_value = "demo-data")]
    data: PathBuf,
    /// Địa chỉ https mà điện thoại khác mở được, in vào mã QR (what another device opens)
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What this program is when the demonstration starts it again.
#[derive(Subcommand)]
enum Part {
    /// Một nút (one node)
    #[command(hide = true)]
    Node {
        /// Thư mục dữ liệu của nút
        folder: PathBuf,
    },
    /// Dịch vụ tem QR (the verification service)
    #[command(hide = true)]
    Qr(qr_service::config::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.part {
        None => {
            demonstrate(&Wishes {
                data: args.data,
                fresh: args.fresh,
                public_url: args.public_url,
                program: None,
            })
            .await
        }
        Some(Part::Node { folder }) => run_node(folder).await,
        Some(Part::Qr(args)) => run_qr(&args).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run_node(folder: PathBuf) -> Result<(), Fault> {
    tracing_subscriber::fmt().with_ansi(false).init();
    let config = Config::read(Folder::new(folder)).map_err(|error| error.message_vi())?;
    Ok(node::run(config, told_to_stop())
        .await
        .map_err(|error| error.message_vi())?)
}

async fn run_qr(args: &qr_service::config::Args) -> Result<(), Fault> {
    tracing_subscriber::fmt().with_ansi(false).init();
    let config = qr_service::config::Config::from_args(args)?;
    Ok(qr_service::run(config, told_to_stop()).await?)
}

/// The end of standard input, or Ctrl-C: the parent closes the one, the terminal sends the other.
async fn told_to_stop() {
    let closed = async {
        let mut rest = Vec::new();
        // An unreadable input is as good as an ended one.
        let _ = tokio::io::stdin().read_to_end(&mut rest).await;
    };
    tokio::select! {
        () = closed => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

async fn demonstrate(wishes: &Wishes) -> Result<(), Fault> {
    let mut say = |line: &str| println!("{line}");
    let start = Demo::start(wishes, &mut say);
    let mut demo = tokio::select! {
        demo = start => demo?,
        _ = tokio::signal::ctrl_c() => return Err("Đã dừng trước khi nạp xong; chạy lại sẽ làm tiếp.".into()),
    };
    let liar = liar::start(&demo.layout).await?;
    tell(&demo, &liar)?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => println!("\nĐang dừng …"),
        name = demo.running.wait_for_any() => {
            println!("{name} đã dừng; xem {}", demo.layout.log(&name).display());
        }
    }
    demo.stop().await;
    println!("Đã dừng. Dữ liệu còn ở {}.", wishes.data.display());
    Ok(())
}

/// What to open.
fn tell(demo: &Demo, liar: &str) -> Result<(), Fault> {
    let page = |batch: &str| demo.page_of(batch).unwrap_or_default();
    let code = demo.first_code().ok_or("lô B-0105 không có mã")?;
    println!("\nTrang của người mua (mở trên máy này):");
    println!("  lô bình thường (S01)        {}", page("B-0105"));
    println!("  lô bị thu hồi (S09)         {}", page("B-0904"));
    println!("  từng tạm giữ, đã cho lại (S05) {}", page("B-0502"));
    println!(
        "  mã không có trong sổ        {}/01/02082600000015/10/KHONGCO",
        demo.layout.qr_url()
    );
    println!(
        "  máy chủ giấu việc thu hồi   {}{}",
        liar,
        demo.sample.codes("B-0904")[0].url_path()
    );
    println!("  gõ mã tra cứu (38C5-7RHV2)  {}/", demo.layout.qr_url());
    println!("\nTrang ghi sổ của các đơn vị:");
    let nodes = tests::demo::setup::own_nodes(&demo.sample);
    for org in nodes.iter().chain([demo.sample.authority()]) {
        let token =
            std::fs::read_to_string(demo.layout.node(org).root().join(node::console::TOKEN_FILE))?;
        println!(
            "  {org}  {}/vao?ma={}",
            demo.layout.console_url(org),
            token.trim()
        );
    }
    let url = format!("{}{}", demo.public_url, code.url_path());
    println!(
        "\nQuét để mở lô S01: {url}\n{}",
        Qr::encode(&url)?.terminal()
    );
    if !demo.public_url.starts_with("https://") {
        println!(
            "Điện thoại khác mở được trang nhưng không tự kiểm tra được qua http thường (trình duyệt chỉ cho qua https).\n\
             Có địa chỉ https thì chạy: cargo run --release --bin demo -- --public-url https://…"
        );
    }
    println!("Dừng: Ctrl-C. Làm lại từ đầu: thêm --fresh.");
    Ok(())
}
