// config/camtap.toml is the reference: it names every key that the loader knows, no other, with the real
// defaults.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "daemon/config.h"
#include "daemon/config/file.h"
#include "daemon/config/keys.h"
#include "tests/unit/config_files.h"
#include "tests/unit/config_reference.h"

namespace camtap {
namespace {

using ConfigReference = ConfigFiles;

std::set<std::string> keys_of(const Value& table) {
    std::set<std::string> keys;
    for (const Setting& setting : std::get<Value::Table>(table.data)) keys.insert(setting.key);
    return keys;
}

std::string source_of(const Value& stream) {
    for (const Setting& setting : std::get<Value::Table>(stream.data)) {
        if (setting.key == "source") return std::get<std::string>(setting.value.data);
    }
    return {};
}

TEST_F(ConfigReference, ChangesNothingAsItIsShipped) {
    const auto config = load_config(config_directory() / "camtap.toml");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->daemon, DaemonConfig{});
    EXPECT_TRUE(config->streams.empty());
}

TEST_F(ConfigReference, NamesTheRealDefaults) {
    const Config config = loaded(reference_with_every_key_set());
    DaemonConfig daemon;
    daemon.socket = config.daemon.socket;  // its default depends on who starts the daemon
    EXPECT_EQ(config.daemon, daemon);
    EXPECT_EQ(config.streams.size(), 8u);
    for (const StreamConfig& stream : config.streams) {
        SCOPED_TRACE(stream.name);
        StreamConfig defaults;
        defaults.name = stream.name;
        defaults.source = stream.source;
        defaults.source_arguments = stream.source_arguments;
        defaults.tap_access = AccessBuilder().build();
        defaults.publish_access = AccessBuilder().build();
        EXPECT_EQ(stream, defaults);
    }
}

TEST_F(ConfigReference, NamesEveryKeyAndNoOther) {
    const auto settings = parse_config_text(reference_with_every_key_set());
    ASSERT_TRUE(settings) << settings.error().message;
    ASSERT_EQ(settings->size(), 2u);

    std::set<std::string> daemon;
    for (const auto& key : daemon_keys()) daemon.emplace(key.name);
    EXPECT_EQ(keys_of(settings->at(0).value), daemon);

    std::set<std::string> common;
    for (const auto& key : stream_keys()) common.emplace(key.name);
    for (const std::string_view source : source_kinds()) {
        SCOPED_TRACE(source);
        std::set<std::string> in_reference = common;
        std::set<std::string> known;
        for (const Value& stream : std::get<Value::List>(settings->at(1).value.data)) {
            if (source_of(stream) == source) in_reference.merge(keys_of(stream));
        }
        for (const std::string_view key : known_keys(source)) known.emplace(key);
        EXPECT_EQ(in_reference, known);
    }

    std::set<std::string> in_first_stream = keys_of(std::get<Value::List>(settings->at(1).value.data).at(0));
    for (const std::string& key : common) EXPECT_TRUE(in_first_stream.contains(key)) << key;
}

TEST_F(ConfigReference, TheDemoLoads) {
    const auto config = load_config(config_directory() / "demo.toml");
    ASSERT_TRUE(config) << config.error().message;
    ASSERT_EQ(config->streams.size(), 4u);
    for (const StreamConfig& stream : config->streams) {
        for (const std::string& argument : stream.source_arguments) {
            EXPECT_TRUE(!argument.starts_with('/') || fs::exists(argument)) << argument;
        }
    }
}

}  // namespace
}  // namespace camtap
