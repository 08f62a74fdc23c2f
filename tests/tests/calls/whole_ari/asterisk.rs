//! Asterisk itself: its modules, logs, variables and configuration; devices, sounds, and the mailboxes that are not there.

use ari_client::{
    Result,
    ari::{InfoSection, SettableDeviceState, asterisk, device_states, mailboxes, sounds},
};

use super::bench::Bench;

pub(crate) async fn all(bench: &Bench) -> Result {
    let info = bench.run(asterisk::GetInfo::new().only([InfoSection::System, InfoSection::Build])).await?;
    assert!(info.system.is_some() && info.build.is_some() && info.status.is_none());
    assert_eq!(bench.run(asterisk::Ping::new()).await?.ping, "pong");
    modules(bench).await?;
    logs(bench).await?;
    configuration(bench).await?;
    bench.run(asterisk::SetGlobalVar::new("WHOLE").value("of ARI")).await?;
    assert_eq!(bench.run(asterisk::GetGlobalVar::new("WHOLE")).await?.value, "of ARI");
    devices(bench).await?;
    let all = bench.run(sounds::List::new().lang("en").format("gsm")).await?;
    let sound = bench.run(sounds::Get::new("hello-world")).await?;
    assert!(all.iter().any(|one| one.id == sound.id));
    bench.refused(mailboxes::List::new()).await;
    bench.refused(mailboxes::Get::new("1@default")).await;
    bench.refused(mailboxes::Update::new("1@default", 0, 1)).await;
    bench.refused(mailboxes::Delete::new("1@default")).await;
    bench.hang_up().await
}

async fn modules(bench: &Bench) -> Result {
    // One that nothing here uses.
    let name = "app_zapateller.so";
    bench.run(asterisk::UnloadModule::new(name)).await?;
    bench.run(asterisk::LoadModule::new(name)).await?;
    assert_eq!(bench.run(asterisk::GetModule::new(name)).await?.status, "Running");
    bench.run(asterisk::ReloadModule::new("res_musiconhold.so")).await?;
    assert!(bench.run(asterisk::ListModules::new()).await?.iter().any(|module| module.name == name));
    Ok(())
}

async fn logs(bench: &Bench) -> Result {
    bench.run(asterisk::AddLog::new("turned", "notice,warning")).await?;
    bench.run(asterisk::RotateLog::new("turned")).await?;
    bench.run(asterisk::AddLog::new("short", "error")).await?;
    let logs = bench.run(asterisk::ListLogChannels::new()).await?;
    assert!(logs.iter().any(|log| log.channel.as_str().ends_with("/short") && log.kind == "File"));
    bench.run(asterisk::DeleteLog::new("short")).await
}

async fn configuration(bench: &Bench) -> Result {
    let fields = [("auth_type", "userpass"), ("username", "visitor"), ("password", "secret")];
    bench.run(asterisk::UpdateObject::new("res_pjsip", "auth", "visitor").fields(fields)).await?;
    let object = bench.run(asterisk::GetObject::new("res_pjsip", "auth", "visitor")).await?;
    assert!(object.iter().any(|field| field.attribute == "username" && field.value == "visitor"));
    bench.run(asterisk::DeleteObject::new("res_pjsip", "auth", "visitor")).await
}

async fn devices(bench: &Bench) -> Result {
    bench.run(device_states::Update::new("Stasis:lamp", SettableDeviceState::RingInUse)).await?;
    let lamp = bench.run(device_states::Get::new("Stasis:lamp")).await?;
    assert_eq!(bench.run(device_states::List::new()).await?, [lamp]);
    bench.run(device_states::Delete::new("Stasis:lamp")).await
}
