#include "daemon/source/image_header.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "daemon/source/bytes.h"

namespace camtap::source {

namespace {

using std::string_view_literals::operator""sv;

Error fault(const char* text) {
    return Error{Code::invalid, 0, text};
}

// ---- JPEG: markers up to the end-of-image

// Where the entropy-coded data that begins at `at` ends: at the next marker that is not part of them.
std::optional<size_t> after_scan(const Bytes& file, size_t at) {
    while (file.has(at, 2)) {
        const void* hit = std::memchr(file.data() + at, 0xff, file.size() - at - 1);
        if (hit == nullptr) return std::nullopt;
        at = static_cast<size_t>(static_cast<const uint8_t*>(hit) - file.data());
        const uint32_t code = file.u8(at + 1);
        if (code == 0xff) {
            at += 1;  // a fill byte
        } else if (code == 0x00 || (code >= 0xd0 && code <= 0xd7)) {
            at += 2;  // a stuffed 0xff, or a restart marker
        } else {
            return at;
        }
    }
    return std::nullopt;
}

bool begins_frame(uint32_t code) {
    return code >= 0xc0 && code <= 0xcf && code != 0xc4 && code != 0xc8 && code != 0xcc;
}

Result<ImageHeader> jpeg_header(const Bytes& file) {
    ImageHeader header{"JPEG"};
    bool has_scan = false;
    size_t at = 2;
    while (file.has(at, 2) && file.u8(at) == 0xff) {
        const uint32_t code = file.u8(at + 1);
        if (code == 0xd9) {
            if (header.width == 0 || !has_scan) return fault("is a JPEG without a picture");
            return header;
        }
        if (code == 0xff) {
            at += 1;
            continue;
        }
        if (begins_frame(code)) {
            header.height = file.be16(at + 5);
            header.width = file.be16(at + 7);
            header.channels = file.u8(at + 9) > 1 ? 3 : 1;
        }
        at += 2 + file.be16(at + 2);
        if (code != 0xda) continue;
        has_scan = true;
        const std::optional<size_t> end = after_scan(file, at);
        if (!end) break;
        at = *end;
    }
    return fault("is cut off or damaged: a JPEG without an end");
}

// ---- PNG: chunks up to IEND

Result<ImageHeader> png_header(const Bytes& file) {
    if (!file.says(12, "IHDR")) return fault("is a PNG without a header");
    ImageHeader header{"PNG", file.be32(16), file.be32(20)};
    const uint32_t color = file.u8(25);
    header.depth_bits = file.u8(24) == 16 ? 16 : 8;
    header.channels = color == 4 || color == 6 ? 4 : color == 0 ? 1 : 3;
    uint64_t at = 8;
    while (file.has(at, 12)) {
        if (file.says(at + 4, "IEND")) return header;
        if (file.says(at + 4, "tRNS") && color != 0) header.channels = 4;
        at += uint64_t{12} + file.be32(at);
    }
    return fault("is cut off: a PNG without an end");
}

// ---- BMP

uint32_t magnitude(uint32_t two_complement) {
    return two_complement >= 0x8000'0000u ? 0u - two_complement : two_complement;
}

Result<ImageHeader> bmp_header(const Bytes& file) {
    const bool is_os2 = file.le32(14) == 12;
    ImageHeader header{"BMP"};
    header.width = is_os2 ? file.le16(18) : file.le32(18);
    header.height = is_os2 ? file.le16(20) : magnitude(file.le32(22));
    const uint32_t bits = is_os2 ? file.le16(24) : file.le16(28);
    const uint32_t compression = is_os2 ? 0 : file.le32(30);
    if (header.width >= 0x8000'0000u) return fault("is a BMP of negative width");
    header.channels = bits == 32 && compression == 3 ? 4 : 3;
    const uint64_t row_bytes = (header.width * bits + 31) / 32 * 4;
    const uint64_t payload_bytes = file.size() - std::min<uint64_t>(file.size(), file.le32(10));
    if (compression == 0 && row_bytes > 0 && payload_bytes / row_bytes < header.height) {
        return fault("is cut off: a BMP with fewer rows than it says");
    }
    return header;
}

// ---- TIFF: the first directory

Result<ImageHeader> tiff_header(const Bytes& file) {
    const bool little = file.says(0, "II");
    const auto u16 = [&](uint64_t at) { return little ? file.le16(at) : file.be16(at); };
    const auto u32 = [&](uint64_t at) { return little ? file.le32(at) : file.be32(at); };
    if (u16(2) != 42) return fault("is a TIFF of a kind that is not read (BigTIFF?)");
    ImageHeader header{"TIFF", 0, 0, 8, 1};
    const uint64_t directory = u32(4);
    if (!file.has(directory, 2)) return fault("is cut off: a TIFF without its directory");
    const uint32_t count = u16(directory);
    for (uint32_t i = 0; i < count; ++i) {
        const uint64_t at = directory + 2 + uint64_t{12} * i;
        if (!file.has(at, 12)) return fault("is cut off: a TIFF without its directory");
        const uint32_t value = u16(at + 2) == 3 ? u16(at + 8) : u32(at + 8);
        const bool elsewhere = u16(at + 2) == 3 && u32(at + 4) > 2;
        switch (u16(at)) {
            case 256:
                header.width = value;
                break;
            case 257:
                header.height = value;
                break;
            case 258:
                header.depth_bits = static_cast<uint16_t>(elsewhere ? u16(u32(at + 8)) : value);
                break;
            case 277:
                header.channels = static_cast<uint16_t>(std::min(value, uint32_t{4}));
                break;
            default:
                break;
        }
    }
    return header;
}

// ---- PNM

// Reads the words of a PNM header: separated by white space, '#' begins a comment.
class PnmWords {
  public:
    PnmWords(const Bytes& file, size_t at) : file_(file), at_(at) {}

    std::string_view word() {
        while (file_.has(at_, 1) &&
               (std::isspace(static_cast<int>(file_.u8(at_))) != 0 || file_.u8(at_) == '#')) {
            if (file_.u8(at_) == '#') {
                while (file_.has(at_, 1) && file_.u8(at_) != '\n') ++at_;
            } else {
                ++at_;
            }
        }
        const size_t begin = at_;
        while (file_.has(at_, 1) && std::isspace(static_cast<int>(file_.u8(at_))) == 0) ++at_;
        return {reinterpret_cast<const char*>(file_.data()) + begin, at_ - begin};
    }
    // 0 for what is not a number below 2^31.
    uint64_t number() {
        uint64_t n = 0;
        for (const char c : word()) {
            if (c < '0' || c > '9' || n >= 0x0800'0000u) return 0;
            n = n * 10 + static_cast<uint64_t>(c - '0');
        }
        return n;
    }
    size_t payload() const { return at_ + 1; }

  private:
    const Bytes& file_;
    size_t at_;
};

Result<ImageHeader> checked_pnm(const Bytes& file, ImageHeader header, uint64_t max_value, size_t payload,
                                bool binary) {
    header.depth_bits = max_value > 255 ? 16 : 8;
    const uint64_t bytes = header.pixels() * header.channels * (header.depth_bits / 8u);
    if (binary && !file.has(payload, bytes)) return fault("is cut off: a PNM with fewer pixels than it says");
    return header;
}

Result<ImageHeader> pam_header(const Bytes& file) {
    PnmWords words(file, 2);
    ImageHeader header{"PNM"};
    uint64_t max_value = 255;
    for (std::string_view key = words.word(); !key.empty(); key = words.word()) {
        if (key == "ENDHDR") return checked_pnm(file, header, max_value, words.payload(), true);
        if (key == "TUPLTYPE") {
            words.word();
            continue;
        }
        const uint64_t value = words.number();
        if (key == "WIDTH") header.width = value;
        if (key == "HEIGHT") header.height = value;
        if (key == "DEPTH") header.channels = static_cast<uint16_t>(std::min(value, uint64_t{4}));
        if (key == "MAXVAL") max_value = value;
    }
    return fault("is cut off: a PAM without the end of its header");
}

Result<ImageHeader> pnm_header(const Bytes& file) {
    const uint32_t kind = file.u8(1) - '0';
    if (kind == 7) return pam_header(file);
    PnmWords words(file, 2);
    ImageHeader header{"PNM"};
    header.width = words.number();
    header.height = words.number();
    header.channels = kind == 3 || kind == 6 ? 3 : 1;
    const bool is_bitmap = kind == 1 || kind == 4;
    const uint64_t max_value = is_bitmap ? 1 : words.number();
    return checked_pnm(file, header, max_value, words.payload(), kind == 5 || kind == 6);
}

// ---- WebP

Result<ImageHeader> webp_header(const Bytes& file) {
    if (!file.has(0, uint64_t{8} + file.le32(4))) return fault("is cut off: a WebP shorter than it says");
    const auto le24 = [&](uint64_t at) { return file.le16(at) | file.u8(at + 2) << 16; };
    ImageHeader header{"WebP"};
    if (file.says(12, "VP8 ")) {
        header.width = file.le16(26) & 0x3fff;
        header.height = file.le16(28) & 0x3fff;
    } else if (file.says(12, "VP8L")) {
        const uint32_t bits = file.le32(21);
        header.width = (bits & 0x3fff) + 1;
        header.height = (bits >> 14 & 0x3fff) + 1;
        header.channels = (bits >> 28 & 1) != 0 ? 4 : 3;
    } else if (file.says(12, "VP8X")) {
        header.width = le24(24) + 1;
        header.height = le24(27) + 1;
        header.channels = (file.u8(20) & 0x10) != 0 ? 4 : 3;
    } else {
        return fault("is a WebP of an unknown kind");
    }
    return header;
}

Result<ImageHeader> header_of_any(const Bytes& file) {
    if (file.says(0, "\xff\xd8\xff"sv)) return jpeg_header(file);
    if (file.says(0, "\x89PNG\r\n\x1a\n"sv)) return png_header(file);
    if (file.says(0, "BM"sv)) return bmp_header(file);
    if (file.says(0, "II*\0"sv) || file.says(0, "MM\0*"sv)) return tiff_header(file);
    if (file.says(0, "RIFF"sv) && file.says(8, "WEBP"sv)) return webp_header(file);
    if (file.u8(0) == 'P' && file.u8(1) >= '1' && file.u8(1) <= '7') return pnm_header(file);
    return fault("is not an image of a kind that is read (JPEG, PNG, BMP, TIFF, PNM, WebP)");
}

}  // namespace

Result<ImageHeader> read_image_header(std::span<const uint8_t> file) {
    if (file.empty()) return fault("is empty");
    Result<ImageHeader> header = header_of_any(Bytes(file));
    if (header && (header->width == 0 || header->height == 0)) return fault("has no width or no height");
    return header;
}

}  // namespace camtap::source
